package natstest

import (
	"bytes"
	"strconv"
	"strings"
)

// A Publication is a message that a client publishes.
type Publication struct {
	Subject string
	Reply   string // subject; "": the client expects no reply
	Data    []byte // body, without headers
}

// parseOperation returns the first operation of NATS's client protocol in b, and the
// publication in it. op is nil if b ends within the operation; pub is nil if the operation
// publishes nothing.
func parseOperation(b []byte) (op []byte, pub *Publication) {
	line, _, ok := bytes.Cut(b, []byte("\r\n"))
	if !ok {
		return nil, nil
	}
	end := len(line) + 2
	fields := strings.Fields(string(line))
	if len(fields) == 0 {
		return b[:end], nil
	}
	headers := 0 // fields that give the length of headers
	switch strings.ToUpper(fields[0]) {
	case "HPUB":
		headers = 1
	case "PUB":
	default:
		return b[:end], nil
	}
	size, err := strconv.Atoi(fields[len(fields)-1])
	if err != nil {
		return b[:end], nil
	}
	if len(b) < end+size+2 {
		return nil, nil
	}
	pub = &Publication{Subject: fields[1], Data: b[end : end+size]}
	if headers > 0 {
		n, err := strconv.Atoi(fields[len(fields)-2])
		if err == nil {
			pub.Data = pub.Data[n:]
		}
	}
	if len(fields) == 4+headers {
		pub.Reply = fields[2]
	}
	return b[:end+size+2], pub
}
