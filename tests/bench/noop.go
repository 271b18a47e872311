// noop - the cheapest webhook there is: it reads a review, and admits. The floor that tests/bench compares the two
// calls of pullgate with, made by a real API server.
//
//	noop ADDR:PORT CERT KEY
package main

import (
	"encoding/json"
	"log"
	"net/http"
	"os"
)

type review struct {
	Kind       string         `json:"kind"`
	APIVersion string         `json:"apiVersion"`
	Request    map[string]any `json:"request,omitempty"`
	Response   map[string]any `json:"response,omitempty"`
}

func admit(w http.ResponseWriter, r *http.Request) {
	var in review
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Request == nil {
		http.Error(w, "expected an AdmissionReview", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(review{Kind: in.Kind, APIVersion: in.APIVersion,
		Response: map[string]any{"uid": in.Request["uid"], "allowed": true}})
}

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: noop ADDR:PORT CERT KEY")
	}
	log.Fatal(http.ListenAndServeTLS(os.Args[1], os.Args[2], os.Args[3], http.HandlerFunc(admit)))
}
