// kubectl reads a stream as kubectl 1.36 does, and keeps the source of each document beside what it means.
//
//   - documents: k8s.io/apimachinery's pkg/util/yaml (YAMLOrJSONDecoder), written here anew, since the original keeps
//     no sources; visit() holds this reading against it
//   - what a document means: kubectl's own sigs.k8s.io/yaml on go.yaml.in/yaml/v2; the table of facts is held against
//     it first
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"unicode"
	"unicode/utf8"

	yamlv2 "go.yaml.in/yaml/v2"
	textunicode "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
	"sigs.k8s.io/yaml"
)

// document is what kubectl makes of one; strict is why the document says two things at once, skipped the
// source of the empty documents before it. What "<<" merges over a member, or a member over that, is no
// twin: kubectl takes the one that comes last, and so does yaml/.
type document struct {
	json    []byte
	source  []byte
	skipped []byte
	inJSON  bool
	lost    bool // its last line
	strict  error
}

// reading ends at the first error, as kubectl does. failed is the source of the document that has it,
// skipped that of the empty documents after the last.
type reading struct {
	documents []document
	err       error
	failed    []byte
	skipped   []byte
	lost      bool
}

func (r *reading) add(d document) {
	if trimmed := bytes.TrimSpace(d.json); len(trimmed) == 0 || string(trimmed) == "null" {
		r.skipped = append(r.skipped, d.source...)
		return
	}
	d.skipped, r.skipped = r.skipped, nil
	r.documents = append(r.documents, d)
}

// decodeFile does what FileVisitor does to a file's bytes: a byte order mark goes, UTF-16 becomes UTF-8, and what is
// neither becomes U+FFFD.
func decodeFile(text []byte) io.Reader {
	return transform.NewReader(bytes.NewReader(text), textunicode.BOMOverride(textunicode.UTF8.NewDecoder()))
}

func looksJSON(text []byte) bool {
	const peeked = 4096
	if len(text) > peeked {
		text = text[:peeked]
	}
	return bytes.HasPrefix(bytes.TrimLeftFunc(text, unicode.IsSpace), []byte("{"))
}

// eatBlanks is what the decoder skips when it turns from JSON to YAML; it looks at four bytes at once and
// gives up where fewer are left.
func eatBlanks(text []byte) ([]byte, bool) {
	for len(text) >= 4 {
		r, size := utf8.DecodeRune(text[:4])
		switch {
		case r == utf8.RuneError:
			return nil, false
		case r == '\n':
			return text[1:], true
		case !unicode.IsSpace(r):
			return text, true
		}
		text = text[size:]
	}
	return nil, false
}

// lineOf is a line with its end, whatever the end was; it may come together with io.EOF.
func lineOf(in *bufio.Reader) (line []byte, err error) {
	for more := true; more && err == nil; {
		var part []byte
		part, more, err = in.ReadLine()
		line = append(line, part...)
	}
	return append(line, '\n'), err
}

// chunkOf is the text of the next document. lost is true where a last line that fills the buffer of in comes
// with the end and is left out.
func chunkOf(in *bufio.Reader) (chunk []byte, lost bool, err error) {
	for {
		line, err := lineOf(in)
		if bytes.HasPrefix(line, []byte("---")) {
			after := bytes.TrimSpace(line[3:])
			if len(after) != 0 && after[0] != '#' {
				return nil, false, fmt.Errorf("invalid Yaml document separator: %s", after)
			}
			if len(chunk) != 0 {
				return chunk, false, nil
			}
		}
		if err != nil {
			lost = len(line) > 1 && !bytes.HasPrefix(line, []byte("---"))
			if len(chunk) != 0 {
				err = nil
			}
			return chunk, lost, err
		}
		chunk = append(chunk, line...)
	}
}

func toJSON(chunk []byte, convert func([]byte) ([]byte, error)) (out []byte, err error) {
	defer func() {
		if why := recover(); why != nil {
			err = fmt.Errorf("panic: %v", why)
		}
	}()
	return convert(chunk)
}

func (r *reading) readYAML(text []byte) {
	in := bufio.NewReader(bytes.NewReader(text))
	for {
		chunk, lost, err := chunkOf(in)
		r.lost = r.lost || lost
		if err == io.EOF {
			return
		}
		d := document{source: chunk, lost: lost}
		if err == nil {
			d.json, err = toJSON(chunk, yaml.YAMLToJSONStrict)
			var twins *yamlv2.TypeError
			if errors.As(err, &twins) {
				d.strict = twinsOf(chunk, err)
				d.json, err = toJSON(chunk, yaml.YAMLToJSON)
			}
		}
		if err != nil {
			r.err, r.failed = err, chunk
			return
		}
		if d.strict == nil && keysCollide(chunk) {
			d.strict = errors.New("keys that are the same once they are strings")
		}
		r.add(d)
	}
}

// readJSON returns what is left for YAML, if anything.
func (r *reading) readJSON(text []byte) []byte {
	in := json.NewDecoder(bytes.NewReader(text))
	for count, at := 0, 0; ; count++ {
		var raw json.RawMessage
		err := in.Decode(&raw)
		if err == nil {
			d := document{json: raw, source: text[at:in.InputOffset()], inJSON: true}
			if keyTwice(raw) {
				d.strict = errors.New("a key twice")
			}
			r.add(d)
			at = int(in.InputOffset())
			continue
		}
		if err == io.EOF {
			return nil
		}
		if rest, ok := eatBlanks(text[at:]); ok && count <= 1 {
			return rest
		}
		r.err, r.failed = err, text[at:]
		return nil
	}
}

func readStream(text []byte) (r reading) {
	text, r.err = io.ReadAll(decodeFile(text))
	if looksJSON(text) {
		text = r.readJSON(text)
	}
	if r.err == nil {
		r.readYAML(text)
	}
	return r
}

// twinsOf is err where a mapping holds a key twice itself, without what "<<" merges it: each "<<" is given
// its own name before the document is read strictly again.
func twinsOf(chunk []byte, err error) error {
	n := 0
	named := merge.ReplaceAllFunc(chunk, func(found []byte) []byte {
		if bytes.HasPrefix(found, []byte("!!str")) {
			return found
		}
		n++
		return bytes.Replace(found, []byte("<<"), []byte{byte('A' + n/26%26), byte('a' + n%26)}, 1)
	})
	named = bytes.ReplaceAll(named, []byte("!!merge"), []byte("!!str  "))
	var twins *yamlv2.TypeError
	if _, again := toJSON(named, yaml.YAMLToJSONStrict); again == nil || !errors.As(again, &twins) {
		return nil
	}
	return err
}

// merge is a "<<" by itself: in quotes, as a part of a word, or as a !!str, it is a key like any other.
var merge = regexp.MustCompile(`!!str\s+<<|(^|[\s\x{85}\x{2028}\x{2029}{\[,])<<`)

// ---- what may not be beside each other -------------------------------------------------------

func keyString(key interface{}) string {
	switch k := key.(type) {
	case float64:
		return strconv.FormatFloat(k, 'g', -1, 32)
	default:
		return fmt.Sprint(k)
	}
}

func collides(v interface{}) bool {
	switch v := v.(type) {
	case map[interface{}]interface{}:
		seen := map[string]bool{}
		for key, value := range v {
			s := keyString(key)
			if seen[s] || collides(value) {
				return true
			}
			seen[s] = true
		}
	case []interface{}:
		for _, value := range v {
			if collides(value) {
				return true
			}
		}
	}
	return false
}

func keysCollide(chunk []byte) bool {
	var v interface{}
	return yamlv2.Unmarshal(chunk, &v) == nil && collides(v)
}

// keyTwice walks JSON that is known to be good.
func keyTwice(raw []byte) bool {
	in := json.NewDecoder(bytes.NewReader(raw))
	in.UseNumber()
	return objectHasTwins(in)
}

func objectHasTwins(in *json.Decoder) bool {
	token, _ := in.Token()
	switch token {
	case json.Delim('{'):
		seen := map[string]bool{}
		twins := false
		for in.More() {
			key, _ := in.Token()
			name, _ := key.(string)
			twins = twins || seen[name]
			seen[name] = true
			twins = objectHasTwins(in) || twins
		}
		in.Token()
		return twins
	case json.Delim('['):
		twins := false
		for in.More() {
			twins = objectHasTwins(in) || twins
		}
		in.Token()
		return twins
	}
	return false
}
