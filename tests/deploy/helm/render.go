// render - what `helm template` prints, as far as the chart needs it: text/template, sprig and Helm's own
// few functions. For machines without helm; built with Debian's packages alone.
//
//	render [-release NAME] [-namespace NS] [-values FILE] [-secret FILE.json] [-upgrade] [-notes] CHART
//
// -secret and -pods are what lookup finds, as in a cluster where the release is installed already. -numbers has values'
// numbers as json.Number, as newer releases of Helm do, else they are float64, as in older ones.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/ioutil"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"gopkg.in/yaml.v2"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// plain turns what yaml.v2 makes of a map into what JSON would.
func plain(v interface{}) interface{} {
	switch v := v.(type) {
	case map[interface{}]interface{}:
		m := map[string]interface{}{}
		for k, e := range v {
			m[fmt.Sprint(k)] = plain(e)
		}
		return m
	case []interface{}:
		for i := range v {
			v[i] = plain(v[i])
		}
	}
	return v
}

func read(path string, numbers bool) map[string]interface{} {
	text, err := ioutil.ReadFile(path)
	check(err)
	var v interface{}
	check(yaml.UnmarshalStrict(text, &v))
	asJSON, err := json.Marshal(plain(v))
	check(err)
	decoder := json.NewDecoder(bytes.NewReader(asJSON))
	if numbers {
		decoder.UseNumber()
	}
	m := map[string]interface{}{}
	check(decoder.Decode(&m))
	return m
}

func merge(into, from map[string]interface{}) {
	for k, v := range from {
		a, isMap := into[k].(map[string]interface{})
		b, also := v.(map[string]interface{})
		if isMap && also {
			merge(a, b)
		} else {
			into[k] = v
		}
	}
}

func toYaml(v interface{}) string {
	text, err := json.Marshal(v)
	check(err)
	var back interface{}
	check(yaml.Unmarshal(text, &back))
	out, err := yaml.Marshal(back)
	check(err)
	return strings.TrimSuffix(string(out), "\n")
}

// Files of a chart: .Files.Get
type Files struct{ dir string }

// Get answers the empty text for a file that is not there, as Helm does.
func (f Files) Get(name string) string {
	text, _ := ioutil.ReadFile(filepath.Join(f.dir, name))
	return string(text)
}

func functions(t *template.Template, secret, pods map[string]interface{}) template.FuncMap {
	f := sprig.TxtFuncMap()
	delete(f, "env")
	delete(f, "expandenv")
	f["toYaml"] = toYaml
	f["include"] = func(name string, data interface{}) (string, error) {
		var out bytes.Buffer
		err := t.ExecuteTemplate(&out, name, data)
		return out.String(), err
	}
	f["required"] = func(message string, v interface{}) (interface{}, error) {
		if s, is := v.(string); v == nil || is && s == "" {
			return v, errors.New(message)
		}
		return v, nil
	}
	f["lookup"] = func(version, kind, namespace, name string) map[string]interface{} {
		if version == "v1" && kind == "Secret" {
			return secret
		}
		if version == "v1" && kind == "Pod" && name == "" {
			return pods
		}
		return map[string]interface{}{}
	}
	return f
}

func main() {
	release := flag.String("release", "pullgate", "")
	namespace := flag.String("namespace", "pullgate", "")
	values := flag.String("values", "", "")
	secretFile := flag.String("secret", "", "")
	podsFile := flag.String("pods", "", "")
	upgrade := flag.Bool("upgrade", false, "")
	notes := flag.Bool("notes", false, "")
	numbers := flag.Bool("numbers", false, "")
	flag.Parse()
	dir := flag.Arg(0)

	all := read(filepath.Join(dir, "values.yaml"), *numbers)
	if *values != "" {
		merge(all, read(*values, *numbers))
	}
	secret := map[string]interface{}{}
	if *secretFile != "" {
		secret = read(*secretFile, false)
	}
	pods := map[string]interface{}{}
	if *podsFile != "" {
		pods = read(*podsFile, false)
	}
	chart := map[string]interface{}{}
	for k, v := range read(filepath.Join(dir, "Chart.yaml"), false) {
		chart[strings.ToUpper(k[:1])+k[1:]] = v
	}

	t := template.New("chart").Option("missingkey=zero")
	t.Funcs(functions(t, secret, pods))
	paths, err := filepath.Glob(filepath.Join(dir, "templates", "*"))
	check(err)
	sort.Strings(paths)
	for _, path := range paths {
		text, err := ioutil.ReadFile(path)
		check(err)
		_, err = t.New(filepath.Base(path)).Parse(string(text))
		check(err)
	}
	data := map[string]interface{}{
		"Values":  all,
		"Chart":   chart,
		"Files":   Files{dir},
		"Release": map[string]interface{}{"Name": *release, "Namespace": *namespace, "Service": "Helm", "IsInstall": !*upgrade, "IsUpgrade": *upgrade, "Revision": 1},
	}
	for _, path := range paths {
		name := filepath.Base(path)
		if strings.HasPrefix(name, "_") || strings.HasSuffix(name, ".txt") != *notes {
			continue
		}
		var out bytes.Buffer
		check(t.ExecuteTemplate(&out, name, data))
		text := strings.ReplaceAll(out.String(), "<no value>", "")
		if strings.TrimSpace(text) != "" {
			if !*notes {
				fmt.Printf("---\n# Source: %s\n", name)
			}
			fmt.Println(text)
		}
	}
}
