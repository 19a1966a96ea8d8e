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
	"mime"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/propagation"

	"github.com/ponder-mesh/ponder/reasoning"
)

// Limits of responses.
const (
	MaxResponse = 16 << 20 // bytes of a response that is not a stream
	MaxFrame    = 4 << 20  // bytes of one event of a stream
)

// A Config describes a server to a client.
type Config struct {
	BaseURL   string            // of the OpenAI API, such as "http://localhost:8000/v1"; New adds /v1 if it has no path
	Key       string            // API key, sent as a bearer token if not empty
	Names     Names             // for the remedies that errors name
	Transport http.RoundTripper // nil is a new http.Transport
}

// Names are the names of the settings by which an operator chooses a server.
type Names struct {
	URL   string // flag of the URL, such as "--policy-url"
	Model string // flag of the model's name
	Key   string // environment variable of the API key
}

// A Client sends requests to one server. It is safe for concurrent use.
type Client struct {
	api, root string
	key       string
	names     Names
	http      *http.Client
}

// New returns a client of a server. The client does not follow redirects, so that a server
// cannot forward the key or a prompt elsewhere.
func New(c Config) (*Client, error) {
	u, err := url.Parse(c.BaseURL)
	switch {
	case err != nil:
		return nil, fmt.Errorf("model server URL: %w", err)
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return nil, fmt.Errorf("model server URL %q: must be http://host:port/v1 or https://…", c.BaseURL)
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return nil, fmt.Errorf("model server URL: must have no user, query or fragment")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	if u.Path == "" {
		u.Path = "/v1"
	}
	transport := c.Transport
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
		api:   u.String(),
		root:  strings.TrimSuffix(u.String(), "/v1"),
		key:   c.Key,
		names: c.Names,
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

// Stream sends in as JSON and returns a response with status 200, to be read as it arrives.
// Closing it, or cancelling ctx, stops the server.
func (c *Client) Stream(ctx context.Context, path string, in any) (*Stream, error) {
	resp, err := c.send(ctx, http.MethodPost, path, in)
	if err != nil {
		return nil, err
	}
	mediaType, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return &Stream{ReadCloser: resp.Body, mediaType: mediaType, client: c}, nil
}

func (c *Client) roundTrip(ctx context.Context, method, path string, in, out any) error {
	resp, err := c.send(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	what := method + " " + c.resolve(path)
	data, err := io.ReadAll(io.LimitReader(resp.Body, MaxResponse+1))
	switch {
	case err != nil:
		return Broken(ctx, what, err)
	case len(data) > MaxResponse:
		return reasoning.Mark(fmt.Errorf("%s: response has more than %d bytes", what, MaxResponse), ErrResponse)
	case isHTML(resp.Header.Get("Content-Type"), data):
		return fmt.Errorf("%s: %w", what, c.htmlError())
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("%s: response %w", what, Malformed(data, err))
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

// propagator writes the trace context and the baggage of a request in the W3C's formats.
var propagator = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})

func (c *Client) send(ctx context.Context, method, path string, in any) (*http.Response, error) {
	var content io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", method, c.resolve(path), err)
		}
		content = bytes.NewReader(data)
	}
	var sent atomic.Bool // on any connection that the transport tried
	trace := &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), method, c.resolve(path), content)
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
	propagator.Inject(ctx, propagation.HeaderCarrier(req.Header))
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) { // the text of u would repeat method and URL
			err = u.Err
		}
		err = Broken(ctx, method+" "+c.resolve(path), err)
		if !sent.Load() {
			err = reasoning.Refuse(err)
		}
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		return nil, c.statusError(method+" "+c.resolve(path), resp)
	}
	return resp, nil
}

// Broken returns the error of a connection that failed during the operation what: the
// cause of ctx if ctx has ended, err itself if another attempt would fail, too, otherwise an
// ErrUnavailable that wraps err.
func Broken(ctx context.Context, what string, err error) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", what, context.Cause(ctx))
	case reasoning.Permanent(err):
		return fmt.Errorf("%s: %w", what, err)
	}
	return reasoning.Mark(fmt.Errorf("%s: %w", what, err), reasoning.ErrUnavailable)
}
