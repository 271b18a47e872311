// oracle - the kubelet's own keyring (k8s.io/kubernetes/pkg/credentialprovider), held against the module
// credentials.
//
// Standard input is a sequence of fields: length (four bytes, little-endian) and bytes. A pod is
//
//	number of secrets, and of each: type, key of its data, value
//	number of lookups, and of each: "image" or "repository", text, outcome, number of hits,
//	and of each hit: number of the secret, key, user, password
//
// Outcomes are found, fallback (by index.docker.io), anonymous, broken and no image. Hits are compared in their
// order; those of one key in one secret in any, since the kubelet walks over a Go map.
package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/credentialprovider"
	"k8s.io/kubernetes/pkg/credentialprovider/secrets"
	"k8s.io/kubernetes/pkg/util/parsers"
)

type reader struct{ in *bufio.Reader }

func (r reader) field() string {
	var size [4]byte
	if _, err := io.ReadFull(r.in, size[:]); err != nil {
		fmt.Println("the input ends within a pod:", err)
		os.Exit(2)
	}
	text := make([]byte, binary.LittleEndian.Uint32(size[:]))
	if _, err := io.ReadFull(r.in, text); err != nil {
		fmt.Println("the input ends within a field:", err)
		os.Exit(2)
	}
	return string(text)
}

func (r reader) number() int {
	n, err := strconv.Atoi(r.field())
	if err != nil {
		fmt.Println("not a number:", err)
		os.Exit(2)
	}
	return n
}

type hit struct{ secret, key, user, password string }

// lookup is what pullgate answers.
type lookup struct {
	kind, text, outcome string
	hits                []hit
}

func (r reader) lookup() lookup {
	l := lookup{kind: r.field(), text: r.field(), outcome: r.field()}
	for n := r.number(); n > 0; n-- {
		l.hits = append(l.hits, hit{r.field(), r.field(), r.field(), r.field()})
	}
	return l
}

func (r reader) secrets() []v1.Secret {
	var list []v1.Secret
	n := r.number()
	for i := range n {
		s := v1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: strconv.Itoa(i)}}
		s.Type = v1.SecretType(r.field())
		key := r.field()
		s.Data = map[string][]byte{key: []byte(r.field())}
		list = append(list, s)
	}
	return list
}

type counts struct {
	pods, secrets, lookups, different int
	outcomes                          map[string]int
	several                           int
}

func (c *counts) differ(pod []v1.Secret, l lookup, expected string) {
	c.different++
	if c.different > 10 {
		return
	}
	fmt.Printf("DIFFERENT %s %q: pullgate %s %q, the kubelet %s\n", l.kind, l.text, l.outcome, l.hits, expected)
	for _, s := range pod {
		fmt.Printf("  secret %s %q %q\n", s.Name, s.Type, s.Data)
	}
}

func order(a, b hit) int {
	return slices.Compare([]string{a.secret, a.user, a.password}, []string{b.secret, b.user, b.password})
}

// same holds hits of one key and secret against each other in any order, all others in theirs.
func same(found []hit, expected []hit) bool {
	if len(found) != len(expected) {
		return false
	}
	for i := 0; i < len(found); {
		j := i + 1
		for j < len(found) && found[j].key == found[i].key && found[j].secret == found[i].secret {
			j++
		}
		ours, theirs := slices.Clone(found[i:j]), slices.Clone(expected[i:j])
		for k := range ours {
			ours[k].key = ""
		}
		slices.SortFunc(ours, order)
		slices.SortFunc(theirs, order)
		if !slices.Equal(ours, theirs) {
			return false
		}
		i = j
	}
	return true
}

func byKubelet(keyring credentialprovider.DockerKeyring, repository string) []hit {
	var hits []hit
	configs, _ := keyring.Lookup(repository)
	for _, c := range configs {
		hits = append(hits, hit{c.Source.Secret.Name, "", c.Username, c.Password})
	}
	return hits
}

func (c *counts) compare(pod []v1.Secret, keyring credentialprovider.DockerKeyring, broken error, l lookup) {
	repository := l.text
	c.lookups++
	c.outcomes[l.outcome]++
	if len(l.hits) > 1 {
		c.several++
	}
	if l.kind == "image" {
		var err error
		repository, _, _, err = parsers.ParseImageName(l.text)
		if (err != nil) != (l.outcome == "no image") {
			c.differ(pod, l, fmt.Sprint("reads the image: ", err))
			return
		}
		if err != nil {
			return
		}
	}
	if (broken != nil) != (l.outcome == "broken") {
		c.differ(pod, l, fmt.Sprint("makes the keyring: ", broken))
		return
	}
	if broken != nil {
		return
	}
	hits := byKubelet(keyring, repository)
	if !same(l.hits, hits) || (len(hits) == 0) != (l.outcome == "anonymous") {
		c.differ(pod, l, fmt.Sprintf("%q", hits))
	}
}

func (c *counts) pod(r reader) {
	pod := r.secrets()
	keyring, broken := secrets.MakeDockerKeyring(pod, &credentialprovider.BasicDockerKeyring{})
	c.pods++
	c.secrets += len(pod)
	for n := r.number(); n > 0; n-- {
		c.compare(pod, keyring, broken, r.lookup())
	}
}

// A generator that makes nothing but garbage proves nothing: each outcome has its share.
func (c *counts) isVaried() bool {
	for _, outcome := range []string{"found", "fallback", "anonymous", "broken", "no image"} {
		if c.outcomes[outcome] < c.lookups/400 {
			return false
		}
	}
	return c.outcomes["broken"] < c.lookups/2 && c.several > c.lookups/50
}

func main() {
	klog.SetLogger(klog.Logger{}) // keys that are no URLs are logged
	r := reader{bufio.NewReaderSize(os.Stdin, 1<<20)}
	c := counts{outcomes: map[string]int{}}
	for {
		if _, err := r.in.Peek(1); err == io.EOF {
			break
		}
		c.pod(r)
	}
	fmt.Printf("%d pods, %d secrets, %d lookups: %d differences; %v, %d with more than one hit\n",
		c.pods, c.secrets, c.lookups, c.different, c.outcomes, c.several)
	if c.different != 0 || !c.isVaried() {
		os.Exit(1)
	}
}
