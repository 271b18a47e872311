// oracle - what Kubernetes makes of image references, held against pullgate's reading.
//
// Standard input is pairs of length (four bytes, little-endian) and bytes: an input, then what imgref
// made of it ("-" for a refusal, else host, path, tag and digest, each followed by a newline).
//
//   - github.com/distribution/reference, which containerd, CRI-O and the kubelet read references with
//   - the kubelet's own k8s.io/kubernetes/pkg/util/parsers, which gives "latest" to what has neither tag nor digest
//
// imgref may refuse more than these in three cases, and in no other: see refusal().
package main

import (
	"bufio"
	_ "crypto/sha256" // go-digest knows the algorithms that a program links, as kubelet and containerd do
	_ "crypto/sha512"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/distribution/reference"
	"k8s.io/kubernetes/pkg/util/parsers"
)

// reading is what a reference means; ok is false for what is none.
type reading struct {
	host, path, tag, digest string
	ok                      bool
}

func (r reading) String() string {
	if !r.ok {
		return "-"
	}
	return r.host + "\n" + r.path + "\n" + r.tag + "\n" + r.digest + "\n"
}

func byLibrary(text string) reading {
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		return reading{}
	}
	r := reading{host: reference.Domain(named), path: reference.Path(named), ok: true}
	if tagged, is := named.(reference.Tagged); is {
		r.tag = tagged.Tag()
	}
	if digested, is := named.(reference.Digested); is {
		r.digest = digested.Digest().String()
	}
	return r
}

// pulled is what the kubelet pulls: repository, tag and digest, "latest" where there is neither.
type pulled struct {
	repository, tag, digest string
	ok                      bool
}

func byKubelet(text string) pulled {
	repository, tag, digest, err := parsers.ParseImageName(text)
	return pulled{repository, tag, digest, err == nil}
}

// pull is what the kubelet should make of a reading.
func (r reading) pull() pulled {
	if !r.ok {
		return pulled{}
	}
	p := pulled{r.host + "/" + r.path, r.tag, r.digest, true}
	if r.host == "" {
		p.repository = r.path
	}
	if r.tag == "" && r.digest == "" {
		p.tag = "latest"
	}
	return p
}

func isHex(text string) bool {
	return text != "" && strings.Trim(text, "0123456789abcdefABCDEF") == ""
}

// refusal names the documented reason why imgref refuses what the library takes; "" for none.
func refusal(text string, r reading) string {
	if r.host == "" {
		return "host with an underscore"
	}
	if at := strings.LastIndex(r.host, ":"); at > strings.LastIndex(r.host, "]") {
		if port, err := strconv.ParseUint(r.host[at+1:], 10, 64); err != nil || port > 65535 {
			return "port above 65535"
		}
	}
	alone := !strings.Contains(text, "/")
	if alone && r.digest == "" && isHex(r.tag) &&
		(r.path == "library/sha256" || r.path == "library/sha384" || r.path == "library/sha512") {
		return "id of a local image"
	}
	return ""
}

func field(in *bufio.Reader) (string, error) {
	var size [4]byte
	if _, err := io.ReadFull(in, size[:]); err != nil {
		return "", err
	}
	text := make([]byte, binary.LittleEndian.Uint32(size[:]))
	_, err := io.ReadFull(in, text)
	return string(text), err
}

type counts struct {
	all, taken, different int
	refused               map[string]int
}

func (c *counts) differ(text, who, found, expected string) {
	c.different++
	if c.different <= 20 {
		fmt.Printf("DIFFERENT %q: pullgate %q, %s %q\n", text, found, who, expected)
	}
}

func (c *counts) compare(text, found string) {
	r := byLibrary(text)
	c.all++
	if kubelet := byKubelet(text); kubelet != r.pull() {
		c.differ(text, "(the library against the kubelet)", fmt.Sprint(r.pull()), fmt.Sprint(kubelet))
	}
	if why := refusal(text, r); r.ok && why != "" {
		c.refused[why]++
		r = reading{}
	}
	if r.ok {
		c.taken++
	}
	if found != r.String() {
		c.differ(text, "distribution/reference", found, r.String())
	}
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	c := counts{refused: map[string]int{}}
	for {
		text, err := field(in)
		if err == io.EOF {
			break
		}
		found, err := field(in)
		if err != nil {
			fmt.Println("the input ends within a pair:", err)
			os.Exit(2)
		}
		c.compare(text, found)
	}
	fmt.Printf("%d strings: %d are references, %d differences\n", c.all, c.taken, c.different)
	for why, n := range c.refused {
		fmt.Printf("refused beyond the library: %d, %s\n", n, why)
	}
	// A generator that makes nothing but garbage proves nothing.
	if c.different != 0 || c.taken < c.all/10 || c.taken > c.all*9/10 || len(c.refused) != 3 {
		os.Exit(1)
	}
}
