// oracle - two other readings of image references, held against pullgate's.
//
// Standard input is pairs of length (four bytes, little-endian) and bytes: an input, then what imgref
// made of it ("-" for a refusal, else host, path, tag and digest, each followed by a newline).
//
//   - the grammar: github.com/distribution/reference v0.6.0 as its package comment states it, written
//     here anew, for every input. Digests are go-digest's own.
//   - Debian's github.com/docker/distribution/reference 2.8.2, its forerunner, for every input on which
//     the two agree by their change logs: no IPv6 host, no host that is one by its capitals alone, and
//     host and path at most 255 bytes together.
//
// imgref may refuse more than the grammar in three cases, and in no other: see refusal().
package main

import (
	"bufio"
	_ "crypto/sha256" // go-digest knows the algorithms that a program links, as kubelet and containerd do
	_ "crypto/sha512"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"

	forerunner "github.com/docker/distribution/reference"
	"github.com/opencontainers/go-digest"
)

const (
	label     = `[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?`
	domain    = `(?:` + label + `(?:\.` + label + `)*|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?`
	component = `[a-z0-9]+(?:(?:__|[._]|-+)[a-z0-9]+)*`
	path      = component + `(?:/` + component + `)*`
	tag       = `[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}`
	algorithm = `[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*`
)

var (
	whole = regexp.MustCompile(`\A(?:(` + domain + `)/)?(` + path + `)(?::(` + tag + `))?(?:@(` +
		algorithm + `:[0-9A-Fa-f]{32,}))?\z`)
	identifier = regexp.MustCompile(`\A[0-9a-f]{64}\z`)
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

// hosted splits a text at its first slash, where what is before it names a host.
func hosted(text string) (host, rest string) {
	host, rest, found := strings.Cut(text, "/")
	named := found && (host == "localhost" || strings.ContainsAny(host, ".:") || host != strings.ToLower(host))
	switch {
	case !named:
		return "docker.io", text
	case host == "index.docker.io":
		return "docker.io", rest
	}
	return host, rest
}

func byGrammar(text string) reading {
	if identifier.MatchString(text) {
		return reading{}
	}
	host, rest := hosted(text)
	if host == "docker.io" && !strings.Contains(rest, "/") {
		rest = "library/" + rest
	}
	m := whole.FindStringSubmatch(host + "/" + rest)
	if m == nil || len(m[2]) > 255 {
		return reading{}
	}
	if m[4] != "" {
		if _, err := digest.Parse(m[4]); err != nil {
			return reading{}
		}
	}
	return reading{host: m[1], path: m[2], tag: m[3], digest: m[4], ok: true}
}

func byForerunner(text string) reading {
	named, err := forerunner.ParseNormalizedNamed(text)
	if err != nil {
		return reading{}
	}
	r := reading{host: forerunner.Domain(named), path: forerunner.Path(named), ok: true}
	if tagged, is := named.(forerunner.Tagged); is {
		r.tag = tagged.Tag()
	}
	if digested, is := named.(forerunner.Digested); is {
		r.digest = digested.Digest().String()
	}
	return r
}

// forerunnerAgrees tells whether the two versions should read a text alike.
func forerunnerAgrees(text string, r reading) bool {
	host, _ := hosted(text)
	capitals := host != "localhost" && !strings.ContainsAny(host, ".:")
	return !strings.HasPrefix(text, "[") && !capitals && len(r.host)+1+len(r.path) <= 255
}

func isHex(text string) bool {
	return text != "" && strings.Trim(text, "0123456789abcdefABCDEF") == ""
}

// refusal names the documented reason why imgref refuses what the grammar takes; "" for none.
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
	all, taken, forerunner, different int
	refused                           map[string]int
}

func (c *counts) differ(text, who, found, expected string) {
	c.different++
	if c.different <= 20 {
		fmt.Printf("DIFFERENT %q: pullgate %q, %s %q\n", text, found, who, expected)
	}
}

func (c *counts) compare(text, found string) {
	r := byGrammar(text)
	c.all++
	if forerunnerAgrees(text, r) {
		c.forerunner++
		if older := byForerunner(text); older != r {
			c.differ(text, "(grammar against docker/distribution)", r.String(), older.String())
		}
	}
	if why := refusal(text, r); r.ok && why != "" {
		c.refused[why]++
		r = reading{}
	}
	if r.ok {
		c.taken++
	}
	if found != r.String() {
		c.differ(text, "the grammar", found, r.String())
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
	fmt.Printf("%d strings: %d are references, %d compared with docker/distribution too, %d differences\n",
		c.all, c.taken, c.forerunner, c.different)
	for why, n := range c.refused {
		fmt.Printf("refused beyond the grammar: %d, %s\n", n, why)
	}
	// A generator that makes nothing but garbage proves nothing.
	if c.different != 0 || c.taken < c.all/10 || c.taken > c.all*9/10 || len(c.refused) != 3 || c.forerunner < c.all/2 {
		os.Exit(1)
	}
}
