// Package modelserver talks to HTTP servers that run language models: vLLM,
// SGLang, llama.cpp, ollama and whatever else speaks OpenAI's API.
//
// It knows what their answers have in common: how errors are told, how a stream
// is framed, and the two shapes of log-probabilities. What is asked of them is the
// affair of the engines that use it.
package modelserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
)

// Limits of what a server may send.
const (
	MaxAnswer = 16 << 20 // bytes of an answer that is not a stream
	MaxFrame  = 4 << 20  // bytes of one event of a stream
)

// A Client sends requests to one server. It is safe for concurrent use.
type Client struct {
	api, root string
	key       string
	http      *http.Client
}

// New is a client of the server whose OpenAI API lives at base, such as
// "http://localhost:8000/v1"; /v1 is added if base has no path. A key, if not
// empty, is sent as a bearer token. A nil transport is one of its own. Redirects
// are not followed, so that neither key nor prompt goes where nobody sent it.
func New(base, key string, transport http.RoundTripper) (*Client, error) {
	u, err := url.Parse(base)
	switch {
	case err != nil:
		return nil, fmt.Errorf("model server's URL: %w", err)
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return nil, fmt.Errorf("model server's URL %q: must be http://host:port/v1 or https://…", base)
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return nil, fmt.Errorf("model server's URL: must have no user, query or fragment")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	if u.Path == "" {
		u.Path = "/v1"
	}
	if transport == nil {
		transport = &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			TLSHandshakeTimeout:   5 * time.Second,
			MaxIdleConnsPerHost:   256,
			IdleConnTimeout:       time.Minute,
			ExpectContinueTimeout: time.Second,
		}
	}
	return &Client{
		api:  u.String(),
		root: strings.TrimSuffix(u.String(), "/v1"),
		key:  key,
		http: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// URL is where the OpenAI API lives.
func (c *Client) URL() string { return c.api }

// Close lets idle connections go.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Get reads a JSON answer into out. Paths that begin with a slash start at the
// server's root, others at its OpenAI API.
func (c *Client) Get(ctx context.Context, path string, out any) error {
	return c.roundTrip(ctx, http.MethodGet, path, nil, out)
}

// Post sends in as JSON and reads a JSON answer into out.
func (c *Client) Post(ctx context.Context, path string, in, out any) error {
	return c.roundTrip(ctx, http.MethodPost, path, in, out)
}

// Stream sends in as JSON and returns the body of a good answer, to be read as it
// comes. Closing it, or ending ctx, tells the server to stop.
func (c *Client) Stream(ctx context.Context, path string, in any) (io.ReadCloser, error) {
	return c.send(ctx, http.MethodPost, path, in)
}

func (c *Client) roundTrip(ctx context.Context, method, path string, in, out any) error {
	body, err := c.send(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, MaxAnswer+1))
	switch {
	case err != nil:
		return Broken(ctx, method+" "+c.at(path), err)
	case len(data) > MaxAnswer:
		return fmt.Errorf("%s %s: answer has more than %d bytes", method, c.at(path), MaxAnswer)
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("%s %s: answer is not the JSON that was expected: %w", method, c.at(path), err)
	}
	return nil
}

func (c *Client) at(path string) string {
	if strings.HasPrefix(path, "/") {
		return c.root + path
	}
	return c.api + "/" + path
}

func (c *Client) send(ctx context.Context, method, path string, in any) (io.ReadCloser, error) {
	var content io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", method, c.at(path), err)
		}
		content = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.at(path), content)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, c.at(path), err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	// Asking again is no harm: where a server has closed a connection that was kept, as
	// llama.cpp does after some requests, the transport asks on another. The key is not sent.
	req.Header["Idempotency-Key"] = nil
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		var u *url.Error // its text would repeat method and URL
		if errors.As(err, &u) {
			err = u.Err
		}
		return nil, Broken(ctx, method+" "+c.at(path), err)
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		return nil, statusError(method+" "+c.at(path), resp)
	}
	return resp.Body, nil
}

// Broken says that a connection failed while doing what: an ErrUnavailable, unless
// it is ctx that ended, and then the error is ctx's cause.
func Broken(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", what, context.Cause(ctx))
	}
	return fmt.Errorf("%w: %s: %w", reasoning.ErrUnavailable, what, err)
}
