package main

import (
	"bytes"
	"io"
	"regexp"
	"strings"

	yamlv2 "go.yaml.in/yaml/v2"
)

// rule is a reason why yaml/ refuses what kubectl takes: what its error says, and what is true of the document
// then. Each errs on the safe side: nothing that kubectl would apply is seen as something else.
//   - U+0000, half surrogate pairs, bytes that are no UTF-8 or UTF-16: no field of Kubernetes holds them, or Go
//     puts U+FFFD in their place
//   - what libyaml's scanner refuses and go-yaml's, its translation, does not; a BOM within the text
//   - the bound on depth; text that kubectl does not look at
type rule struct {
	name, says string
	holds      func(d document) bool
}

func sourceHas(pattern string) func(d document) bool {
	compiled := regexp.MustCompile(pattern)
	return func(d document) bool { return compiled.Match(d.source) }
}

// goesOn tells whether there is more after the first YAML document, which kubectl does not look at.
func goesOn(d document) bool {
	if d.inJSON {
		return false
	}
	in := yamlv2.NewDecoder(bytes.NewReader(d.source))
	var v interface{}
	_, err := toJSON(nil, func([]byte) ([]byte, error) {
		if err := in.Decode(&v); err != nil {
			return nil, nil
		}
		if err := in.Decode(&v); err != nil {
			return nil, err
		}
		return nil, nil
	})
	return err != io.EOF
}

func isDeep(d document) bool {
	depth, deepest := 0, 0
	for _, c := range d.json {
		switch c {
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		}
		if depth > deepest {
			deepest = depth
		}
	}
	return deepest > 120
}

var rules = []rule{
	{"U+0000 in a string", "U+0000", func(d document) bool { return bytes.Contains(d.json, []byte(`\u0000`)) }},
	{"U+0000 in a string", "cannot be kept", func(d document) bool { return bytes.Contains(d.json, []byte(`\u0000`)) }},
	{"bytes that are no UTF-8", "not UTF-8", sourceHas("\ufffd")},
	{"bytes that are no UTF-8", "which kubectl does not read", sourceHas("\ufffd")},
	{"control character behind the document", "control character", goesOn},
	{"JSON with half a surrogate pair", "surrogate", func(d document) bool { return d.inJSON && bytes.Contains(d.source, []byte(`\u`)) }},
	{"UTF-16 that is none", "UTF-16", func(d document) bool { return true }},
	{"BOM in the text", "byte order mark", sourceHas("\ufeff")},
	{"':' before a bracket", "found unexpected ':'", sourceHas(`:[,?\[\]{}]`)},
	{"',' or bracket in a tag", "did not find ", sourceHas(`![^\s]*[,\[\]]`)},
	{"',' or bracket in a tag", "found ", sourceHas(`![^\s]*[,\[\]]`)},
	{"',' or bracket in a tag", "',' in or directly after a tag", sourceHas(`!([^\s<]\S*)?,|!<[^\s>]*>\S*,`)},
	{"U+0000 in a tag", "'%' in or directly after a tag", sourceHas(`![^\s]*%00`)},
	{"more than 128 levels", "128 levels", isDeep},
	{"an empty list or mapping as a key", " as a key", sourceHas(`(\[|\{)(\s|#.*)*(\]|\})(\s|#.*)*`)},
	{"a last line that kubectl loses", "which kubectl does not read", func(d document) bool { return d.lost }},
	{"text after an empty document", "text after the end of an empty document", func(d document) bool { return true }},
	{"what is no YAML behind the document", "found ", goesOn},
	{"what is no YAML behind the document", " not find ", goesOn},
	{"what is no YAML behind the document", " not allowed in this context", goesOn},
}

// refusalOf is the name of the rule by which yaml/ refuses a document that kubectl takes; "" for none.
func refusalOf(d document, found string) string {
	asJSON := !d.inJSON && (strings.Contains(found, " in JSON, expected ") || strings.HasPrefix(found, "JSON ends"))
	for _, r := range rules {
		if (asJSON || strings.Contains(found, r.says)) && r.holds(d) {
			return r.name
		}
	}
	return ""
}

// refusal looks at the document and at the empty ones before it, which kubectl skips.
func refusal(d document, found string) string {
	why := refusalOf(d, found)
	if why == "" && len(d.skipped) > 0 {
		why = refusalOf(document{source: d.skipped}, found)
	}
	return why
}

// taken is the name of the rule by which yaml/ takes what kubectl's reading here refuses; "" for none.
func taken(r reading) string {
	switch {
	case strings.Contains(r.err.Error(), "unknown escape") && bytes.Contains(r.failed, []byte(`\/`)):
		return `\/ behind the document`
	case strings.Contains(r.err.Error(), "extremely long version number"):
		return "a long version number behind the document"
	}
	return ""
}
