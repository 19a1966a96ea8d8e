package planner

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A Page is a part of a list. All items of a Page together have at most MaxEventBytes on the
// wire, except for a single item that is larger.
type Page[T any] struct {
	Items []T
	Next  string // PageToken of the next page; "" after the last
}

// MaxPageSize is the maximum number of items of a page.
const MaxPageSize = 1000

// pageOf returns the page of up to size items that begins with items[0]. token returns the page
// token of the position after an item, and bytes the size of an item on the wire.
func pageOf[T any](items []T, size int, token func(T) string, bytes func(T) int) Page[T] {
	sum, n := 0, 0
	for n < min(size, len(items)) {
		if sum += bytes(items[n]); sum > MaxEventBytes && n > 0 {
			break
		}
		n++
	}
	page := Page[T]{Items: items[:n]}
	if n < len(items) {
		page.Next = token(items[n-1])
	}
	return page
}

// pageSize returns the size of a page: fallback if size is 0, and at most MaxPageSize.
func pageSize(size, fallback int) (int, error) {
	switch {
	case size < 0:
		return 0, reasoning.Invalid("page_size", "must not be negative, is %d", size)
	case size == 0:
		return fallback, nil
	}
	return min(size, MaxPageSize), nil
}

// A tokenCodec encodes and decodes the page tokens of one list. A token is a position, preceded
// by a checksum of the position and of the fields that select the list's items.
type tokenCodec struct{ list string }

const tokenSum = 8 // bytes of the checksum

// newTokenCodec returns the codec of the list that these fields select.
func newTokenCodec(fields ...any) tokenCodec { return tokenCodec{fmt.Sprintf("%q", fields)} }

// sum returns the checksum of a position.
func (c tokenCodec) sum(position string) []byte {
	sum := sha256.Sum256([]byte(c.list + position))
	return sum[:tokenSum]
}

// at returns the token of a position.
func (c tokenCodec) at(position string) string {
	return base64.RawURLEncoding.EncodeToString(append(c.sum(position), position...))
}

// position returns the position of a token, or "" for the empty token.
func (c tokenCodec) position(token string) (string, error) {
	if token == "" {
		return "", nil
	}
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(text) < tokenSum || string(c.sum(string(text[tokenSum:]))) != string(text[:tokenSum]) {
		return "", reasoning.Invalid("page_token", "must be the next_page_token of the previous page, in a request that is otherwise the same")
	}
	return string(text[tokenSum:]), nil
}
