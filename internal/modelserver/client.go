// Package modelserver is a client of HTTP servers that run language models: vLLM,
// SGLang, llama.cpp, ollama and others with OpenAI's API.
//
// It handles what their responses have in common: errors, the framing of streams, and
// the two formats of log-probabilities. The engines that use it define the requests.
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

// Limits of responses.
const (
	MaxResponse = 16 << 20 // bytes of a response that is not a stream
	MaxFrame    = 4 << 20  // bytes of one event of a stream
)

// A Client sends requests to one server. It is safe for concurrent use.
type Client struct {
	api, root string
	key       string
	http      *http.Client
}

// New returns a client of the server whose OpenAI API is at base, such as
// "http://localhost:8000/v1"; New adds /v1 if base has no path. The client sends key, if
// not empty, as a bearer token. A nil transport is a new http.Transport. The client does
// not follow redirects, so that a server cannot forward the key or a prompt elsewhere.
func New(base, key string, transport http.RoundTripper) (*Client, error) {
	u, err := url.Parse(base)
	switch {
	case err != nil:
		return nil, fmt.Errorf("model server URL: %w", err)
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return nil, fmt.Errorf("model server URL %q: must be http://host:port/v1 or https://…", base)
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return nil, fmt.Errorf("model server URL: must have no user, query or fragment")
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

// URL returns the URL of the OpenAI API.
func (c *Client) URL() string { return c.api }

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Get reads a JSON response into out. A path that begins with a slash is relative to
// the server's root, any other to its OpenAI API.
func (c *Client) Get(ctx context.Context, path string, out any) error {
	return c.roundTrip(ctx, http.MethodGet, path, nil, out)
}

// Post sends in as JSON and reads a JSON response into out.
func (c *Client) Post(ctx context.Context, path string, in, out any) error {
	return c.roundTrip(ctx, http.MethodPost, path, in, out)
}

// Stream sends in as JSON and returns the body of a response with status 200, to be read
// as it arrives. Closing the body, or cancelling ctx, stops the server.
func (c *Client) Stream(ctx context.Context, path string, in any) (io.ReadCloser, error) {
	return c.send(ctx, http.MethodPost, path, in)
}

func (c *Client) roundTrip(ctx context.Context, method, path string, in, out any) error {
	body, err := c.send(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, MaxResponse+1))
	switch {
	case err != nil:
		return Broken(ctx, method+" "+c.resolve(path), err)
	case len(data) > MaxResponse:
		return fmt.Errorf("%s %s: response has more than %d bytes", method, c.resolve(path), MaxResponse)
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("%s %s: parse response: %w", method, c.resolve(path), err)
	}
	return nil
}

// resolve returns the URL of a path; see Get.
func (c *Client) resolve(path string) string {
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
			return nil, fmt.Errorf("%s %s: %w", method, c.resolve(path), err)
		}
		content = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.resolve(path), content)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, c.resolve(path), err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	// The header marks the request as safe to repeat, so that the transport retries it on
	// a new connection when the server closes an idle one, as llama.cpp does after some
	// requests. A nil value is not sent.
	req.Header["Idempotency-Key"] = nil
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) { // the text of u would repeat method and URL
			err = u.Err
		}
		return nil, Broken(ctx, method+" "+c.resolve(path), err)
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		return nil, statusError(method+" "+c.resolve(path), resp)
	}
	return resp.Body, nil
}

// Broken returns the error of a connection that failed during the operation what: the
// cause of ctx if ctx has ended, otherwise an ErrUnavailable that wraps err.
func Broken(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", what, context.Cause(ctx))
	}
	return reasoning.Mark(fmt.Errorf("%s: %w", what, err), reasoning.ErrUnavailable)
}
