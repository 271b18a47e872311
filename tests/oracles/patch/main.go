// patch - JSON patches as the API server applies those of a mutating webhook (k8s.io/apiserver,
// pkg/admission/plugin/webhook/mutating/dispatcher.go): gopkg.in/evanphx/json-patch.v4.
//
//	patch              for each {"object", "patch"} of standard input a line {"object"} or {"error"}
//	patch -compare     each has "after" too, what the object must become; no difference is the only good answer
//
// A patch is a list of operations, or that in base64.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"reflect"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
)

type question struct {
	Object, Patch, After json.RawMessage
}

type answer struct {
	Object json.RawMessage `json:"object,omitempty"`
	Error  string          `json:"error,omitempty"`
}

func (q question) operations() (operations []byte, err error) {
	if bytes.HasPrefix(q.Patch, []byte(`"`)) {
		err = json.Unmarshal(q.Patch, &operations)
		return operations, err
	}
	return q.Patch, nil
}

func (q question) apply() (json.RawMessage, error) {
	operations, err := q.operations()
	if err != nil {
		return nil, err
	}
	patch, err := jsonpatch.DecodePatch(operations)
	if err != nil {
		return nil, err
	}
	return patch.Apply(q.Object)
}

func value(text []byte) (v any, err error) {
	in := json.NewDecoder(bytes.NewReader(text))
	in.UseNumber()
	err = in.Decode(&v)
	return v, err
}

func (q question) differs() string {
	patched, err := q.apply()
	if err != nil {
		return err.Error()
	}
	found, err := value(patched)
	if err != nil {
		return err.Error()
	}
	if expected, err := value(q.After); err != nil || !reflect.DeepEqual(found, expected) {
		return fmt.Sprintf("the API server has %s", patched)
	}
	return ""
}

type counts struct {
	all, different int
}

func (c *counts) compare(q question) {
	c.all++
	if why := q.differs(); why != "" {
		c.different++
		fmt.Printf("DIFFERENT object %s patch %s after %s: %s\n", q.Object, q.Patch, q.After, why)
	}
}

func respond(out *json.Encoder, q question) error {
	patched, err := q.apply()
	if err != nil {
		return out.Encode(answer{Error: err.Error()})
	}
	return out.Encode(answer{Object: patched})
}

func fail(why error) {
	fmt.Fprintln(os.Stderr, "patch:", why)
	os.Exit(2)
}

func main() {
	comparing := len(os.Args) == 2 && os.Args[1] == "-compare"
	in, out := json.NewDecoder(bufio.NewReader(os.Stdin)), json.NewEncoder(os.Stdout)
	var c counts
	for {
		var q question
		err := in.Decode(&q)
		if err == io.EOF {
			break
		}
		if err == nil && comparing {
			c.compare(q)
		} else if err == nil {
			err = respond(out, q)
		}
		if err != nil {
			fail(err)
		}
	}
	if comparing {
		fmt.Printf("%d patches, %d differences\n", c.all, c.different)
		if c.different != 0 || c.all < 100 {
			os.Exit(1)
		}
	}
}
