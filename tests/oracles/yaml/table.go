package main

import (
	"fmt"
	"os"
	"strings"

	"sigs.k8s.io/yaml"
)

// row is one of the table of facts.
type row struct {
	class, input, json string
	ok, strict         bool
}

// differs holds a row against the reading here; "" for none. Where strict decoding fails one of several values
// wins, which one is left to chance.
func (r row) differs() string {
	if r.class == "stream" {
		found := readStream([]byte(r.input))
		var all []string
		for _, d := range found.documents {
			all = append(all, canonical(d.json))
		}
		if expected, json := canonical([]byte(r.json)), "["+strings.Join(all, ",")+"]"; json != expected || (found.err == nil) != r.ok {
			return fmt.Sprintf("%s, %v", json, found.err)
		}
		return ""
	}
	text, expected := []byte(r.input), r.json
	if r.class == "scalar" {
		text, expected = []byte("v: "+r.input+"\n"), "{\"v\":"+r.json+"}"
	}
	json, err := toJSON(text, yaml.YAMLToJSON)
	_, strict := toJSON(text, yaml.YAMLToJSONStrict)
	switch {
	case (err == nil) != r.ok || (strict == nil) != r.strict:
		return fmt.Sprintf("errors %v, %v", err, strict)
	case r.strict && canonical(json) != canonical([]byte(expected)):
		return string(json)
	}
	return ""
}

func checkTable(rows []row) bool {
	good := len(rows) > 200
	for _, r := range rows {
		if found := r.differs(); found != "" {
			fmt.Printf("the table has %s %q as %s; here it is %s\n", r.class, r.input, r.json, found)
			good = false
		}
	}
	return good
}

// unescape reads \n \t \r \\ \xHH.
func unescape(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			out.WriteByte(s[i])
			continue
		}
		i++
		switch s[i] {
		case 'n':
			out.WriteByte('\n')
		case 't':
			out.WriteByte('\t')
		case 'r':
			out.WriteByte('\r')
		case 'x':
			var v byte
			fmt.Sscanf(s[i+1:i+3], "%02x", &v)
			out.WriteByte(v)
			i += 2
		default:
			out.WriteByte(s[i])
		}
	}
	return out.String()
}

func readTable(path string) (rows []row) {
	text, err := os.ReadFile(path)
	if err != nil {
		fmt.Println(err)
		os.Exit(2)
	}
	for _, line := range strings.Split(strings.TrimRight(string(text), "\n"), "\n")[1:] {
		f := strings.Split(line, "\t")
		rows = append(rows, row{class: f[0], input: unescape(f[1]), ok: f[2] == "1", json: unescape(f[3]), strict: f[5] == "1"})
	}
	return rows
}
