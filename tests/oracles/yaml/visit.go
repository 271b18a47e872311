package main

import (
	"bytes"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/runtime"
	decoder "k8s.io/apimachinery/pkg/util/yaml"
)

// visit reads a stream with kubectl's own parts, put together as FileVisitor and StreamVisitor of cli-runtime do.
func visit(text []byte) (documents [][]byte, err error) {
	defer func() {
		if why := recover(); why != nil {
			err = fmt.Errorf("panic: %v", why)
		}
	}()
	d := decoder.NewYAMLOrJSONDecoder(decodeFile(text), 4096)
	for {
		var ext runtime.RawExtension
		if err := d.Decode(&ext); err == io.EOF {
			return documents, nil
		} else if err != nil {
			return documents, err
		}
		if raw := bytes.TrimSpace(ext.Raw); len(raw) != 0 && string(raw) != "null" {
			documents = append(documents, raw)
		}
	}
}

// strays is what differs between a reading and kubectl's own parts; "" for nothing. Where a document has a key twice,
// chance decides which value wins.
func (r reading) strays(text []byte) string {
	documents, err := visit(text)
	if (err == nil) != (r.err == nil) || len(documents) != len(r.documents) {
		return fmt.Sprintf("THE ORACLE has %d documents, error %v; kubectl has %d, error %v", len(r.documents), r.err,
			len(documents), err)
	}
	for i, d := range r.documents {
		if found, expected := canonical(d.json), canonical(documents[i]); d.strict == nil && found != expected {
			return "THE ORACLE has " + found + "; kubectl has " + expected
		}
	}
	return ""
}
