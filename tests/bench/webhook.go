// webhook - what one would write in an afternoon: net/http, encoding/json, structs for the part of
// a pod that is needed. The baseline that tests/bench compares pullgate with.
//
//	webhook ADDR:PORT CERT KEY
//
// Does       the work that policies/examples/airbyte.yaml asks for, and no more: images without a
//            registry come from ghcr.io/acme-data, others have to be approved, the pull secret is
//            added, one audit line a decision
// Does not   rules from a file, places other than containers, updates, limits, metrics, reloads
package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	registry = "ghcr.io/acme-data"
	approved = "registry.corp.example:5000/data"
	secret   = "regcred"
)

type container struct {
	Name  string `json:"name"`
	Image string `json:"image"`
}

type named struct {
	Name string `json:"name,omitempty"`
}

type pod struct {
	Metadata struct {
		Name         string            `json:"name"`
		GenerateName string            `json:"generateName"`
		Namespace    string            `json:"namespace"`
		Labels       map[string]string `json:"labels"`
	} `json:"metadata"`
	Spec struct {
		InitContainers   []container `json:"initContainers"`
		Containers       []container `json:"containers"`
		ImagePullSecrets []named     `json:"imagePullSecrets"`
	} `json:"spec"`
}

type request struct {
	UID       string `json:"uid"`
	Operation string `json:"operation"`
	Namespace string `json:"namespace"`
	UserInfo  struct {
		Username string `json:"username"`
	} `json:"userInfo"`
	Object json.RawMessage `json:"object"`
	DryRun bool            `json:"dryRun"`
}

type status struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Reason  string `json:"reason"`
}

type response struct {
	UID              string            `json:"uid"`
	Allowed          bool              `json:"allowed"`
	Status           *status           `json:"status,omitempty"`
	PatchType        string            `json:"patchType,omitempty"`
	Patch            []byte            `json:"patch,omitempty"`
	AuditAnnotations map[string]string `json:"auditAnnotations,omitempty"`
}

type review struct {
	Kind       string    `json:"kind"`
	APIVersion string    `json:"apiVersion"`
	Request    *request  `json:"request,omitempty"`
	Response   *response `json:"response,omitempty"`
}

type operation struct {
	Op    string      `json:"op"`
	Path  string      `json:"path"`
	Value interface{} `json:"value"`
}

type change struct {
	Container string `json:"container"`
	Before    string `json:"before"`
	After     string `json:"after"`
}

type line struct {
	Time      string   `json:"time"`
	UID       string   `json:"uid"`
	Operation string   `json:"operation"`
	Namespace string   `json:"namespace"`
	Name      string   `json:"name"`
	User      string   `json:"user"`
	Verdict   string   `json:"verdict"`
	Images    []change `json:"images"`
	Secrets   []string `json:"secretsAdded"`
	Reasons   []string `json:"reasons,omitempty"`
	DryRun    bool     `json:"dryRun"`
}

var out = struct {
	sync.Mutex
	*json.Encoder
}{Encoder: json.NewEncoder(os.Stdout)}

func qualified(image string) bool {
	i := strings.IndexByte(image, '/')
	return i > 0 && (strings.ContainsAny(image[:i], ".:") || image[:i] == "localhost")
}

func below(image, prefix string) bool {
	return strings.HasPrefix(image, prefix+"/")
}

func judge(place string, list []container, ops *[]operation, changes *[]change, reasons *[]string) {
	for i, c := range list {
		after := c.Image
		switch {
		case !qualified(c.Image):
			after = registry + "/" + c.Image
			*ops = append(*ops, operation{"replace", fmt.Sprintf("/spec/%s/%d/image", place, i), after})
		case !below(c.Image, registry) && !below(c.Image, approved):
			*reasons = append(*reasons, fmt.Sprintf("container %q: image %q is not approved", c.Name, c.Image))
		}
		*changes = append(*changes, change{c.Name, c.Image, after})
	}
}

// What the author wrote stays, an entry without a name too; ours is appended.
func addSecret(have []named) (ops []operation) {
	for _, s := range have {
		if s.Name == secret {
			return nil
		}
	}
	if len(have) == 0 {
		return []operation{{"add", "/spec/imagePullSecrets", []named{{secret}}}}
	}
	return []operation{{"add", "/spec/imagePullSecrets/-", named{secret}}}
}

func decide(req *request) (*response, error) {
	var p pod
	var ops []operation
	var changes []change
	var reasons []string
	if err := json.Unmarshal(req.Object, &p); err != nil {
		return nil, err
	}
	judge("initContainers", p.Spec.InitContainers, &ops, &changes, &reasons)
	judge("containers", p.Spec.Containers, &ops, &changes, &reasons)
	r := &response{UID: req.UID, Allowed: len(reasons) == 0}
	audit := line{Time: time.Now().UTC().Format(time.RFC3339Nano), UID: req.UID, Operation: req.Operation,
		Namespace: req.Namespace, Name: p.Metadata.Name + p.Metadata.GenerateName,
		User: req.UserInfo.Username, Verdict: "allow", Images: changes, Reasons: reasons, DryRun: req.DryRun}
	if !r.Allowed {
		audit.Verdict = "deny"
		r.Status = &status{403, strings.Join(reasons, "\n"), "Forbidden"}
	} else if more := addSecret(p.Spec.ImagePullSecrets); more != nil {
		audit.Secrets = []string{secret}
		ops = append(ops, more...)
	}
	r.AuditAnnotations = map[string]string{"verdict": audit.Verdict}
	if r.Allowed && len(ops) > 0 {
		patch, err := json.Marshal(ops)
		if err != nil {
			return nil, err
		}
		r.Patch, r.PatchType = patch, "JSONPatch"
	}
	out.Lock()
	defer out.Unlock()
	return r, out.Encode(audit)
}

func mutate(w http.ResponseWriter, r *http.Request) {
	var in review
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &in)
	}
	if err != nil || in.Request == nil {
		http.Error(w, "expected an AdmissionReview", http.StatusBadRequest)
		return
	}
	answer, err := decide(in.Request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(review{Kind: in.Kind, APIVersion: in.APIVersion, Response: answer})
}

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: webhook ADDR:PORT CERT KEY")
	}
	http.HandleFunc("/mutate", mutate)
	// wrk takes up old sessions, client-go in an API server never does.
	server := http.Server{Addr: os.Args[1], TLSConfig: &tls.Config{SessionTicketsDisabled: true}}
	log.Fatal(server.ListenAndServeTLS(os.Args[2], os.Args[3]))
}
