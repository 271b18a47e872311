package main

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// maker makes streams; the same ones from the same seed.
type maker struct {
	state uint64
	rows  []row
}

func (m *maker) any(n int) int { // splitmix64; 0 to n - 1
	m.state += 0x9e3779b97f4a7c15
	z := m.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return int(((z ^ z>>31) >> 33) % uint64(n))
}

func (m *maker) oneIn(n int) bool { return m.any(n) == 0 }

func (m *maker) of(list ...string) string { return list[m.any(len(list))] }

func (m *maker) word(list string) string { return m.of(strings.Fields(list)...) }

// run is n characters of an alphabet.
func (m *maker) run(alphabet string, n int) string {
	runes := []rune(alphabet)
	var out strings.Builder
	for ; n > 0; n-- {
		out.WriteRune(runes[m.any(len(runes))])
	}
	return out.String()
}

// ---- scalars -----------------------------------------------------------------------------------

func (m *maker) cased(word string) string {
	switch m.any(5) {
	case 0:
		return strings.ToUpper(word)
	case 1:
		return strings.ToUpper(word[:1]) + word[1:]
	case 2:
		b := []byte(word)
		i := m.any(len(b))
		b[i] = strings.ToUpper(string(b[i]))[0]
		return string(b)
	}
	return word
}

func (m *maker) digits(alphabet string) string {
	s := m.run(alphabet, 1+m.any(4))
	if m.oneIn(4) {
		s = m.run(alphabet, 15+m.any(12))
	}
	for m.oneIn(4) {
		at := m.any(len(s) + 1)
		s = s[:at] + "_" + s[at:]
	}
	return s
}

func (m *maker) number() string {
	sign := m.of("", "", "", "+", "-", "--")
	switch m.any(8) {
	case 0:
		return sign + m.of("0x", "0X", "0x_", "0x-") + m.digits("0123456789abcdefABCDEF")
	case 1:
		return sign + m.of("0o", "0O", "0", "0_", "00") + m.digits("01234567")
	case 2:
		return sign + m.of("0b", "0B", "0b_", "0b-", "0b+") + m.digits("01")
	case 3:
		return sign + m.word("9223372036854775807 9223372036854775808 18446744073709551615 "+
			"18446744073709551616 9007199254740993 0x7fffffffffffffff 0x8000000000000000 0xffffffffffffffff "+
			"0x10000000000000000 01777777777777777777777 02000000000000000000000 1e308 1.8e308 5e-324 2e-324 "+
			"1.7976931348623157e308 0.1 1e21 1e20 999999999999999999999 1e-6 1e-7 9.999999e-7 16777217.0 1e400 0x1p4 0x1.8p1 "+
			".5 .5e1 .e1 .5_ ._5 .1_5 .5p1 .0x1 1.e1 1_.5 0b 0x 0o . +. -. 08 09 0_8 08.5 0.0 -0.0 1__0 _1 ")
	}
	s := sign + m.digits("0123456789")
	if m.oneIn(60) { // digits that decide how a float is rounded
		s = sign + m.of("9007199254740993", "1.00000000000000011102230246251565404236316680908203125", "0.1"+m.run("0123456789", 400), "2.2250738585072011e-308",
			"179769313486231580793728971405301e276", "4.9406564584124654e-324", "2.4703282292062327e-324", "0."+strings.Repeat("0", 330)+"1", "1"+strings.Repeat("0", 310), "8.5070591730234615847e+37")
	}
	if m.oneIn(2) {
		s += "." + m.of("", m.digits("0123456789"))
	}
	if m.oneIn(3) {
		s += m.of("e", "E") + m.of("", "+", "-") + m.digits("0123456789")[:1] + m.of("", "0", "00")
	}
	if m.oneIn(12) {
		s = strings.TrimPrefix(s, sign)
		s = sign + "." + s
	}
	return s
}

func (m *maker) date() string {
	d := fmt.Sprintf(m.of("%04d-%02d-%02d", "%04d-%d-%d", "%d-%02d-%02d"), m.any(2100), m.any(14), m.any(33))
	if m.oneIn(2) {
		return d
	}
	t := fmt.Sprintf(m.of("%02d:%02d:%02d", "%d:%d:%d"), m.any(26), m.any(62), m.any(62))
	if m.oneIn(10) {
		t = t[:len(t)-3]
	}
	return d + m.of("T", "t", " ", "  ") + t +
		m.of("", ".1", ".123456789", ".1234567890123", ",5") + m.of("", "Z", "z", "+01:00", "-05:30", " +1", "+24:00", "+25:00", "+1:00")
}

func (m *maker) plainWord() string {
	switch m.any(9) {
	case 0:
		return m.cased(m.word("y n yes no on off true false null none nil t f ~ .inf -.inf +.inf .nan inf nan = <<"))
	case 1, 2:
		return m.number()
	case 3:
		return m.date()
	case 4:
		return m.word("12:30 190:20:30 1:30:00 22:22 1.2.3 127.0.0.1 ::1 8080:80 nginx:latest quay.io/a/b:1.2 a@sha256:00 1,000 " +
			"1.25 1.10 ${VAR} $(X) C:\\x it's a\"b a#b a:b http://x/?q=1&r=* -- -a --- ... .. ---a ...a -1- a- 1a 0xg " +
			"\xc3\xa9 \xf0\x9f\x98\x80 \xe6\x97\xa5\xe6\x9c\xac")
	case 5:
		if !m.oneIn(3) {
			return m.word("a b1 nginx a.b a-b x/y")
		}
		return m.of("-", "?", ":", ",", "[", "]", "{", "}", "#", "&", "*", "!", "|", ">", "'", "\"", "%", "@", "`") +
			m.of("", " ", "a", "a b", "-", ": ", ",", "]")
	case 6:
		return m.run("ab0 1.:-?,[]{}#&*!|>'\"%@`~_+=\\/<\t", 1+m.any(8))
	case 7:
		return m.run("a\u00a0\u3000\u2028\u2029\u0085\ufeff\u2003\ufffd\u00ad \t\u200b\U0010fffd", 1+m.any(4))
	}
	return m.run("abcxyz", 1+m.any(5))
}

func (m *maker) escape() string {
	if !m.oneIn(4) {
		return m.of("\\n", "\\t", "\\\\", "\\\"", "\\'", "\\x41", "\\u00e9", "\\U0001F600", "\\a", "\\x07", "\\e", "\\_", "\\N", "\\L", "\\P", "\\ ", "\\\n ")
	}
	return m.of("\\0", "\\a", "\\b", "\\t", "\\\t", "\\n", "\\v", "\\f", "\\r", "\\e", "\\ ", "\\\"", "\\/", "\\\\", "\\N", "\\_", "\\L",
		"\\P", "\\x41", "\\x00", "\\xff", "\\xg", "\\u00e9", "\\u0000", "\\ud83d\\ude00", "\\ud800", "\\uFFFE", "\\uFEFF", "\\U0001F600",
		"\\U00110000", "\\U0000d800", "\\u12", "\\'", "\\q", "\\1", "\\\n", "\\\n  ", "\\x7f", "\\u2028", "\\u0085", "\\\r\n ")
}

func (m *maker) gap() string {
	return m.of(" ", " ", "  ", "\t", "\n ", "\n  ", "\n\n ", " \n ", "\n\t ", "\n \t", "\n", "\r\n ", "\r ", " \n\n\n  ")
}

func (m *maker) quoted() string {
	var s strings.Builder
	double := m.oneIn(2)
	for n := m.any(6); n > 0; n-- {
		switch m.any(5) {
		case 0:
			s.WriteString(m.gap())
		case 1:
			if double {
				s.WriteString(m.escape())
			} else {
				s.WriteString("''")
			}
		case 2:
			s.WriteString(m.of("# ", ": ", "\\", "{", "]", ",", "- ", "\u2028", "\u0085", "---", "..."))
		default:
			s.WriteString(m.run("ab01~", 1+m.any(3)))
		}
	}
	if double {
		return "\"" + s.String() + "\""
	}
	return "'" + s.String() + "'"
}

// block is a literal or folded scalar whose lines are indented by at least `indent`, mostly.
func (m *maker) block(indent int) string {
	var s strings.Builder
	s.WriteString(m.of("|", ">"))
	s.WriteString(m.of("", "", "+", "-", "1", "2", "2-", "-2", "+1", "1+"))
	if m.oneIn(8) {
		s.WriteString(m.of("3", "9", "0", "++", "10", "x"))
	}
	s.WriteString(m.of("", "", "", "", "", " ", " # c", "\t# c"))
	if m.oneIn(20) {
		s.WriteString(m.of("#c", " x"))
	}
	s.WriteString("\n")
	for n := m.any(6); n > 0; n-- {
		pad := indent + m.any(3)
		if m.oneIn(20) {
			pad = m.any(4)
		}
		s.WriteString(strings.Repeat(" ", pad))
		s.WriteString(m.of("", "", " ", "\t", "a", "b c", "# c", "- x", "a: b", "\ta", "a ", "a\t", "  a", "---", "...", "\"", "\u2028", "%"))
		s.WriteString(m.of("\n", "\n", "\n", "\n", "\r\n", "\r", "\n\n", "\u0085"))
	}
	return s.String()
}

func (m *maker) multiline(indent int) string {
	s := m.plainWord()
	for n := 1 + m.any(3); n > 0; n-- {
		s += m.of("\n", "\n", "\n\n", " \n", "\r\n", "\n\n\n", " ", "\t\n") + strings.Repeat(" ", indent+m.any(3)) + m.of("", "", "\t") + m.plainWord()
	}
	return s
}

func (m *maker) tag() string {
	if !m.oneIn(4) {
		return m.of("!!str", "!!int", "!!float", "!!bool", "!!null", "!!binary", "!!timestamp", "!", "!x", "!!foo")
	}
	return m.of("!!merge", "!!map", "!!seq", "!!set", "!!omap", "!", "!x", "!x!y", "!<tag:yaml.org,2002:int>", "!<tag:yaml.org,2002:str>", "!<!int>", "!<>", "!!", "!!x%41", "!!INT",
		"!<x", "!!int%", "!!int%00", "!!value", "!!yaml", "!<tag:yaml.org,2002:binary>", "!!str,", "!!in%74", "!<int>", "!!foo")
}

func (m *maker) properties() string {
	s := ""
	if m.oneIn(6) {
		s = m.tag() + m.of(" ", " ", "  ", "\t", "\n  ", "")
	}
	if m.oneIn(8) {
		s += m.of("&", "&", "&") + m.anchor() + m.of(" ", " ", "\n ", "")
	}
	if m.oneIn(40) {
		s += m.tag() + " "
	}
	return s
}

func (m *maker) anchor() string {
	return m.of("a", "a", "b", "c", "a-b", "a.b", "1", "a:b", "", "a,", "\u00e9")
}

func (m *maker) base64() string {
	s := base64.StdEncoding.EncodeToString([]byte(m.run("abc\u00e9\x00\xff", m.any(6))))
	if m.oneIn(3) {
		at := m.any(len(s) + 1)
		s = s[:at] + m.of("=", "\n ", " ", "-", "A", "\\n") + s[at:]
	}
	return s
}

func (m *maker) scalar(indent int) string {
	switch m.any(12) {
	case 0, 1:
		return m.properties() + m.quoted()
	case 2:
		return m.properties() + m.block(indent)
	case 3:
		return m.properties() + m.multiline(indent)
	case 4:
		return "*" + m.anchor()
	case 5:
		return m.properties() + m.flow(3)
	case 6:
		return m.tag() + " " + m.of(m.plainWord(), m.quoted(), m.number(), m.date(), "")
	case 7:
		return m.of("!!binary ", "!<tag:yaml.org,2002:binary> ") + m.of(m.base64(), "\""+m.base64()+"\"", "|\n  "+m.base64()+"\n")
	}
	return m.properties() + m.plainWord()
}

// ---- collections -------------------------------------------------------------------------------

func (m *maker) flowGap() string {
	return m.of("", "", "", " ", " ", "\n ", "\t", " # c\n ", "\n", " \n  ", "#c\n")
}

func (m *maker) flowScalar() string {
	switch m.any(6) {
	case 0:
		return m.properties() + m.quoted()
	case 1:
		return "*" + m.anchor()
	case 2:
		return m.properties() + m.plainWord()
	case 3:
		return m.multiline(1)
	}
	return m.of("a", "b", "1", "yes", "a b", "<<", "x", "a?b", "a:b", "", "-", "?", "?a", "a?", "? a", "a ?b", ":a", "a:", "http://x/?q=1", "-1", "- a")
}

func (m *maker) flow(depth int) string {
	if depth == 0 || m.oneIn(3) {
		return m.flowScalar()
	}
	open, end := "[", "]"
	if m.oneIn(2) {
		open, end = "{", "}"
	}
	var s strings.Builder
	s.WriteString(open)
	for n := m.any(4); n > 0; n-- {
		s.WriteString(m.flowGap())
		if m.oneIn(12) {
			s.WriteString("? ")
		}
		if m.oneIn(16) {
			s.WriteString(m.properties())
		}
		if open == "{" || m.oneIn(5) {
			s.WriteString(m.of("a", "b", "c", "d", "\"a\"", "'b'", "<<", "1", "yes", m.flowScalar(), m.flow(depth-1)))
			s.WriteString(m.of(":", ": ", ": ", ": ", " : ", "", ":\n ", " :", ":\t"))
		}
		s.WriteString(m.flow(depth - 1))
		s.WriteString(m.flowGap())
		if n > 1 || m.oneIn(6) {
			s.WriteString(m.of(",", ", ", ", ", ",", " ,", ",\n", ",,", ""))
		}
	}
	s.WriteString(m.flowGap())
	if !m.oneIn(30) {
		s.WriteString(end)
	}
	return s.String()
}

func (m *maker) comment(indent int) string {
	switch m.any(14) {
	case 0:
		return strings.Repeat(" ", m.any(indent+2)) + "# c\n"
	case 1:
		return "\n"
	case 2:
		return m.of(" \n", "\t\n", "#\n", "\t# c\n", "  # - x\n")
	}
	return ""
}

func (m *maker) key() string {
	if m.oneIn(100) { // at most 1024 characters
		long := strings.Repeat(m.of("k", "\u00e9"), 1016+m.any(12))
		return m.of(long, "\""+long+"\"", "? "+long+"\n", "&a "+long, "["+long+"]", "'a\n b'", "\"a\\\n b\"")
	}
	switch m.any(12) {
	case 0:
		return "<<"
	case 1:
		return m.of("\"<<\"", "!!merge <<", "!!merge \"<<\"", "!!str <<", "? <<\n", "&a <<", "'<<'", "! <<", "\"\\x3c<\"")
	case 2:
		return m.properties() + m.plainWord()
	case 3:
		return m.quoted()
	case 4:
		return m.number()
	case 5:
		return m.of("*a ", "*b ", "? a\n", "? [a]\n", "[a]", "{a: b}", "&a a", "!!str 1", "!!binary aGk=", "? |\n  a\n", "? - a\n", "?", "? ", "~", "null", "")
	}
	return m.word("a b c d e image name spec y on 1 1.0 01 true 0x1 kind items")
}

// node is a block node after "key:" or "-".
func (m *maker) node(indent, depth int) string {
	if depth == 0 || m.oneIn(3) {
		return m.of(" ", " ", " ", " ", "  ", "\t", "\n"+strings.Repeat(" ", indent+1)) + m.scalar(indent+1) + m.of("\n", "\n", "\n", "\n", " # c\n", "\r\n", " \n", "\t\n", "#c\n", "")
	}
	head := ""
	if m.oneIn(5) {
		head = " " + m.properties()
	}
	return head + m.of("", "", "", " # c") + m.of("\n", "\n", "\n", "\r\n", "\r") + m.collection(indent+m.any(4), depth-1)
}

func (m *maker) collection(indent, depth int) string {
	var s strings.Builder
	list := m.oneIn(3)
	for n := 1 + m.any(4); n > 0; n-- {
		s.WriteString(m.comment(indent))
		pad := indent
		if m.oneIn(50) {
			pad = m.any(6)
		}
		s.WriteString(strings.Repeat(" ", pad))
		if m.oneIn(100) {
			s.WriteString("\t")
		}
		if list != m.oneIn(60) {
			s.WriteString("-")
			if m.oneIn(3) && depth > 0 {
				gap := 1 + m.any(3)
				s.WriteString(strings.Repeat(" ", gap))
				s.WriteString(strings.TrimLeft(m.collection(indent+1+gap, depth-1), " "))
				continue
			}
		} else {
			s.WriteString(m.key())
			s.WriteString(m.of(":", ":", ":", ":", ":", ":", ":", " :"))
		}
		s.WriteString(m.node(indent, depth))
	}
	return s.String()
}

// merged is a mapping in brackets whose members and merges meet, over a few levels; anchors within it are
// asked for later.
func (m *maker) merged(depth int) string {
	var s strings.Builder
	s.WriteString("{")
	for n := 1 + m.any(4); n > 0; n-- {
		switch {
		case depth == 0 || m.oneIn(2):
			s.WriteString(m.word("x x z w 1 01 \"1\" 1.0 yes true \"true\" \"<<\"") + ": " + m.of("1", "2", m.of("", "&a ", "&b ")+"{x: 3}", "[4]", "*a", "*b"))
		case m.oneIn(3):
			s.WriteString("<<: [")
			for k := m.any(4); k > 0; k-- {
				s.WriteString(m.of("*a", "*b", "*c", m.of("", "&a ", "&c ")+m.merged(depth-1)) + ", ")
			}
			s.WriteString("]")
		case m.oneIn(2):
			s.WriteString("<<: " + m.of("", "&a ", "&b ", "&c ") + m.merged(depth-1))
		default:
			s.WriteString("<<: *" + m.word("a b c"))
		}
		if n > 1 {
			s.WriteString(", ")
		}
	}
	return s.String() + "}"
}

// anchored is a document made for anchors, merges and twins of keys.
func (m *maker) anchored() string {
	var s strings.Builder
	names := "a b c"
	for n := 2 + m.any(4); n > 0; n-- {
		name := m.word(names)
		alias := "*" + m.word(names)
		member := m.word("x y z 1 01 yes true") + ": " + m.of(m.word("1 2 yes"), alias)
		merge := "<<: " + m.of(alias, "["+alias+"]", "["+alias+", *"+m.word(names)+"]", "{"+member+"}", "[{"+member+"}, "+alias+"]", "[]", "{}", "&b {x: 1}", "1")
		key := m.of("k", "l", "m", "n", "o", "p", "q")
		value := m.of("{"+member+"}", "{"+merge+"}", "{"+member+", "+merge+"}", "{"+merge+", "+member+"}", "["+alias+"]", alias, "1", "["+alias+", "+alias+"]",
			"\n  "+merge+"\n  "+member, "\n  "+member+"\n  "+merge+"\n  "+merge, "\n- "+merge+"\n- "+alias, m.merged(3), m.merged(3), m.merged(3))
		s.WriteString(key + ":" + m.of(" ", " &"+name+" ", " &"+name+" ") + value + "\n")
	}
	if m.oneIn(4) {
		s.WriteString("<<: *" + m.word(names) + "\n")
	}
	return s.String()
}

// manyAliases is near the borders of go-yaml's rule on aliases: 100 and 1000 steps, and 99 % of all.
func (m *maker) manyAliases() string {
	var s strings.Builder
	width, own := 1+m.any(12), m.any(30)
	s.WriteString("a0: &a0 [" + strings.Repeat("x, ", width) + "]\n")
	for level := 1; level <= 1+m.any(3); level++ {
		fmt.Fprintf(&s, "a%d: &a%d [%s]\n", level, level, strings.Repeat(fmt.Sprintf("*a%d, ", level-1), 1+m.any(12)))
	}
	s.WriteString("own: [" + strings.Repeat("x, ", own) + "]\n")
	return s.String()
}

// ---- streams -----------------------------------------------------------------------------------

func (m *maker) jsonValue(depth int) string {
	gap := m.of("", "", "", " ", "\n", "\t", "\r\n", " \n ")
	if depth == 0 || m.oneIn(3) {
		return gap + m.of("1", "-0", "1.5", "1e400", "1E5", "01", "1.", "true", "false", "null", "\"a\"", "\"\"", "\"\\/\"", "\"\\u0041\"", "\"\\ud83d\\ude00\"",
			"\"\\ud83d\"", "\"\\u0000\"", "\"a\tb\"", "\"a\nb\"", "\"\\x41\"", "\"\xc3\xa9\"", "\"\xff\"", "\"\x7f\"", "tru", "'a'", "a", "", "\"\u2028\"", "12345678901234567890") + gap
	}
	var s strings.Builder
	if m.oneIn(2) {
		s.WriteString("[")
		for n := m.any(3); n > 0; n-- {
			s.WriteString(m.jsonValue(depth - 1))
			if n > 1 {
				s.WriteString(",")
			}
		}
		return s.String() + "]" + gap
	}
	return m.jsonObject(depth)
}

func (m *maker) jsonObject(depth int) string {
	var s strings.Builder
	s.WriteString("{")
	for n := m.any(4); n > 0; n-- {
		s.WriteString(m.of("\"a\"", "\"b\"", "\"c\"", "\"\\u0061\"", " \"d\" ", "\"\"", "\"<<\"", "\"1\"", "a", "\n\"e\""))
		s.WriteString(m.of(":", ":", ":", ": ", " :"))
		s.WriteString(m.jsonValue(depth - 1))
		if n > 1 || m.oneIn(30) {
			s.WriteString(m.of(",", ",", ", ", ",\n"))
		}
	}
	return s.String() + "}"
}

func (m *maker) separator() string {
	return m.of("---\n", "---\n", "---\n", "---\n", "--- \n", "---\t\n", "--- # c\n", "---#c\n", "---\r\n", "----\n", "---a\n", "--- a\n", " ---\n", "...\n", "...\n---\n",
		"... # c\n", "...a\n", "---\n---\n", "\n---\n", "---\u00a0\n", "---\u3000# c\n", "---", "%YAML 1.1\n---\n", "%YAML 1.2\n---\n", "%TAG ! x:\n---\n",
		"\xef\xbb\xbf---\n", "---\n\xef\xbb\xbf", "--- |\n", "--- >\n a\n", "\r---\n", "---\r", "---\u0085\n", "---\f\n", "---\v\n", "\n", "", "#\n", "\n\n", " \n", "---\n...\n", "%FOO x\n---\n", "---\n%YAML 1.1\n", "..\n", "....\n")
}

func (m *maker) document() string {
	if m.oneIn(200) {
		return m.manyAliases()
	}
	switch m.any(14) {
	case 0:
		return m.scalar(0) + "\n"
	case 1:
		return m.flow(4) + m.of("\n", "", " x\n", " # c\n")
	case 2:
		return m.jsonObject(3) + m.of("\n", "", " ", " x", " # c\n", "\n\n")
	case 3:
		return m.of("", "\n", "# c\n", "null\n", "~\n", "{}\n", "[]\n", "a\n", "\"\"\n", " \n", "\t\n", "null # c\n", "!!null x\n")
	case 4, 5, 6:
		return m.anchored()
	case 7:
		return m.changed(m.rows[m.any(len(m.rows))].text(), m.any(4))
	}
	return m.collection(m.any(3)*m.any(2), 3)
}

func (m *maker) changed(s string, changes int) string {
	b := []byte(s)
	for ; changes > 0; changes-- {
		at := m.any(len(b) + 1)
		switch m.any(6) {
		case 0: // another
			if at < len(b) {
				b[at] = m.char()
			}
		case 1: // one less
			if at < len(b) {
				b = append(b[:at], b[at+1:]...)
			}
		case 2, 3: // more
			piece := m.of(string(m.char()), string(m.char()), "\r\n", "---\n", "\n---\n", "...\n", ": ", "- ", "? ", "\ufeff", "\u0085", "\u2028", "\xff", "\xc0\x80", "\xed\xa0\x80", "\x00", "\x01", "\x7f", "\x1b", "\u0080", "\ufffe", "\uffff", "# ", " #", "\n  ", "!!str ", "&a ", "*a", "<<: ", "%YAML 1.1\n---\n")
			b = append(b[:at], append([]byte(piece), b[at:]...)...)
		case 4: // a piece twice
			end := at + m.any(12)
			if end > len(b) {
				end = len(b)
			}
			b = append(b, b[at:end]...)
		default: // a piece of a row
			other := m.rows[m.any(len(m.rows))].text()
			from := m.any(len(other) + 1)
			other = other[from:]
			if n := m.any(12); n < len(other) {
				other = other[:n]
			}
			b = append(b[:at], append([]byte(other), b[at:]...)...)
		}
	}
	return string(b)
}

func (m *maker) char() byte {
	if m.oneIn(12) {
		return byte(m.any(256))
	}
	const alphabet = "ab01 \n\t:-?,[]{}#&*!|>'\"%@`~._+<=\\/ \n \n"
	return alphabet[m.any(len(alphabet))]
}

func length(n int) int {
	if n < 0 {
		return 0
	}
	return n
}

// text is a row as a stream.
func (r row) text() string {
	if r.class == "scalar" {
		return "v: " + r.input + "\n"
	}
	return r.input
}

func (m *maker) stream() []byte {
	var s string
	switch m.any(8) {
	case 0, 1:
		s = "v: " + m.scalar(1) + "\n"
	case 2:
		s = "- " + m.scalar(1) + m.of("\n", "", "\n- "+m.scalar(1)+"\n")
	case 3:
		s = m.rows[m.any(len(m.rows))].text()
		s = m.changed(s, 1+m.any(3))
	case 4, 5:
		s = m.document()
	default:
		if m.oneIn(4) {
			s = m.separator()
		}
		for n := 1 + m.any(4); n > 0; n-- {
			s += m.document()
			if n > 1 || m.oneIn(3) {
				s += m.separator()
			}
		}
	}
	if m.oneIn(12) {
		s = m.changed(s, 1+m.any(3))
	}
	if m.oneIn(60) {
		s = strings.ReplaceAll(s, "\n", "\r\n")
	}
	if m.oneIn(500) { // a last line that fills Go's buffer, or nearly
		s += m.of("", "\n", "x", "# ", "---", "--- # ", "a: ")
		line := len(s) - strings.LastIndex(s, "\n") - 1
		s += strings.Repeat(m.of(" ", "x", "\r"), length(4095+m.any(3)+4096*m.any(2)-line)) + m.of("", "", "", "\n", "\r")
	}
	if m.oneIn(60) {
		s = "\ufeff" + s
	}
	return []byte(s)
}
