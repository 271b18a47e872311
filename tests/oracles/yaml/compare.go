// compare - yaml/ held against kubectl's reading, over made streams.
//
//	compare READS TABLE COUNT SEED
//
// READS is the built reads.c; TABLE the facts (tests/unit/data/yaml.tsv). What may differ is refusal().
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sort"
	"strconv"
)

// answer is what yaml/ says: documents, then an error ("" for none).
type answer struct {
	documents [][]byte
	failed    bool
	err       string
}

func readField(in io.Reader) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(in, size[:]); err != nil {
		return nil, err
	}
	field := make([]byte, binary.LittleEndian.Uint32(size[:]))
	_, err := io.ReadFull(in, field)
	return field, err
}

func readAnswer(in io.Reader) (a answer, err error) {
	for {
		field, err := readField(in)
		if err != nil {
			return a, err
		}
		switch field[0] {
		case 'd':
			a.documents = append(a.documents, field[1:])
		case 'e':
			a.failed, a.err = true, string(field[1:])
			return a, nil
		default:
			return a, nil
		}
	}
}

// canonical is JSON with sorted keys and numbers to the letter.
func canonical(text []byte) string {
	var v interface{}
	in := json.NewDecoder(bytes.NewReader(text))
	in.UseNumber()
	if err := in.Decode(&v); err != nil {
		return "no JSON: " + err.Error()
	}
	out, _ := json.Marshal(v)
	return string(out)
}

type counts struct {
	all, documents, errors, twins, merges, different int
	ruled                                            map[string]int
}

// difference is empty where the two agree or a rule allows it.
func (c *counts) difference(r reading, a answer) string {
	for i, d := range r.documents {
		if i >= len(a.documents) {
			if !a.failed {
				return "a document is missing"
			}
			if d.strict != nil {
				c.twins++
				return ""
			}
			if why := refusal(d, a.err); why != "" {
				c.ruled[why]++
				return ""
			}
			return "REFUSED: " + a.err
		}
		found, expected := canonical(a.documents[i]), canonical(d.json)
		if found != expected {
			return "VALUE " + found + " for " + expected
		}
		if d.strict != nil {
			if !bytes.Contains(d.source, []byte("<<")) {
				return "READ, but not strictly: " + d.strict.Error()
			}
			c.ruled["twins within a member that does not count"]++
		}
		if bytes.Contains(d.source, []byte("<<")) {
			c.merges++
		}
		c.documents++
	}
	if len(a.documents) > len(r.documents) {
		if r.err != nil {
			return c.read(r)
		}
		return "a document too many"
	}
	if r.err != nil {
		c.errors++
		if !a.failed {
			return c.read(r)
		}
		return ""
	}
	if a.failed {
		if why := refusal(document{source: r.skipped, lost: r.lost}, a.err); why != "" {
			c.ruled[why]++
			return ""
		}
		return "REFUSED (empty): " + a.err
	}
	return ""
}

func (c *counts) read(r reading) string {
	if why := taken(r); why != "" {
		c.ruled[why]++
		return ""
	}
	return "READ: " + r.err.Error()
}

func (c *counts) compare(text []byte, a answer) {
	c.all++
	r := readStream(text)
	found := r.strays(text)
	if found == "" {
		found = c.difference(r, a)
	}
	if found != "" {
		c.different++
		if c.different <= 20 {
			fmt.Printf("DIFFERENT %.2000q: %s\n", text, found)
		}
	}
}

func feed(to io.WriteCloser, texts chan<- []byte, m *maker, count int) {
	out := bufio.NewWriterSize(to, 1<<20)
	for i := 0; i < count; i++ {
		text := m.stream()
		var size [4]byte
		binary.LittleEndian.PutUint32(size[:], uint32(len(text)))
		out.Write(size[:])
		out.Write(text)
		texts <- text
	}
	out.Flush()
	to.Close()
	close(texts)
}

func (c *counts) print() {
	fmt.Printf("%d streams: %d documents (%d with \"<<\") and %d errors are alike, %d are refused for twins of keys, %d differences\n",
		c.all, c.documents, c.merges, c.errors, c.twins, c.different)
	var whys []string
	for why := range c.ruled {
		whys = append(whys, why)
	}
	sort.Strings(whys)
	for _, why := range whys {
		fmt.Printf("by a rule: %d, %s\n", c.ruled[why], why)
	}
}

func main() {
	count, _ := strconv.Atoi(os.Args[3])
	seed, _ := strconv.ParseUint(os.Args[4], 10, 64)
	rows := readTable(os.Args[2])
	if !checkTable(rows) {
		os.Exit(1)
	}
	reads := exec.Command(os.Args[1])
	reads.Stderr = os.Stderr
	to, _ := reads.StdinPipe()
	from, _ := reads.StdoutPipe()
	if err := reads.Start(); err != nil {
		fmt.Println(err)
		os.Exit(2)
	}
	texts := make(chan []byte, 1<<16)
	go feed(to, texts, &maker{state: seed, rows: rows}, count)
	in := bufio.NewReaderSize(from, 1<<20)
	c := counts{ruled: map[string]int{}}
	for text := range texts {
		a, err := readAnswer(in)
		if err != nil {
			fmt.Printf("no answer to %q: %v\n", text, err)
			os.Exit(2)
		}
		c.compare(text, a)
	}
	if err := reads.Wait(); err != nil {
		fmt.Println(err)
		os.Exit(2)
	}
	c.print()
	// A generator that makes nothing but garbage proves nothing.
	if c.different != 0 || c.documents < c.all/4 || c.errors < c.all/4 || c.twins < c.all/1000 || c.merges < c.all/100 {
		os.Exit(1)
	}
}
