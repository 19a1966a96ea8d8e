package planner

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A Page is a part of a list. Its items have at most MaxEventBytes together, except for a
// single item that has more.
type Page[T any] struct {
	Items []T
	Next  string // PageToken of the next page; "" after the last
}

// MaxPageSize is the most items of a page.
const MaxPageSize = 1000

// pageOf returns the page that begins with items[0]. token returns the page token of the
// position after an item, and bytes the size of an item.
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

// pageSize returns the size of a page. It is fallback if the request sets none.
func pageSize(asked, fallback int) (int, error) {
	switch {
	case asked < 0:
		return 0, reasoning.Invalid("page_size", "must not be negative, is %d", asked)
	case asked == 0:
		return fallback, nil
	}
	return min(asked, MaxPageSize), nil
}

// A pageToken makes and reads the page tokens of one list. A token is a position, preceded by
// a checksum of the position and of the fields that select the list's items.
type pageToken struct{ list string }

const tokenSum = 8 // bytes

func newPageToken(selects ...any) pageToken { return pageToken{fmt.Sprintf("%q", selects)} }

func (p pageToken) sum(position string) []byte {
	sum := sha256.Sum256([]byte(p.list + position))
	return sum[:tokenSum]
}

// at returns the token of a position.
func (p pageToken) at(position string) string {
	return base64.RawURLEncoding.EncodeToString(append(p.sum(position), position...))
}

// position returns the position of a token, or "" for the empty token.
func (p pageToken) position(token string) (string, error) {
	if token == "" {
		return "", nil
	}
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(text) < tokenSum || string(p.sum(string(text[tokenSum:]))) != string(text[:tokenSum]) {
		return "", reasoning.Invalid("page_token", "must be the next_page_token of the page before, for a request that is otherwise the same")
	}
	return string(text[tokenSum:]), nil
}
