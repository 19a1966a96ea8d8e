package promql_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// root is the repository.
const root = "../.."

// A mesh is the five processes of a deployment.
type mesh struct {
	dir       string
	planner   string // address
	processes map[string]*process
}

// A process is one of them.
type process struct {
	*exec.Cmd
	addr, pages string // of gRPC, and of /metrics
	trace       string // file of spans
	mu          sync.Mutex
	log         bytes.Buffer
}

// startMesh builds the programs and starts them, with eight slots, so that jobs wait for each other.
func startMesh(t *testing.T) *mesh {
	t.Helper()
	m := &mesh{dir: t.TempDir(), processes: map[string]*process{}}
	build(t, root, m.dir, "./cmd/ponder", "./services/policy/cmd/policy", "./services/verifier/cmd/verifier",
		"./services/difficulty/cmd/difficulty", "./services/planner/cmd/planner")
	build(t, filepath.Join(root, "tools"), m.dir, "github.com/nats-io/nats-server/v2")
	url := m.startNATS(t)
	m.start(t, "policy", "-nats-url", url, "-name", "w1", "-policy-slots", "8")
	verifier := m.start(t, "verifier")
	difficulty := m.start(t, "difficulty", "-nats-url", url, "-verifier-addr", verifier.addr)
	m.planner = m.start(t, "planner", "-nats-url", url, "-verifier-addr", verifier.addr, "-difficulty-addr", difficulty.addr,
		"-metrics-tenants", "1").addr
	for name, p := range m.processes {
		p.awaitReady(t, name)
	}
	return m
}

// build builds programs of a module into a folder.
func build(t *testing.T, module, dir string, packages ...string) {
	t.Helper()
	const link = "-X github.com/ponder-mesh/ponder/internal/serve.version=v9.9.9 -X github.com/ponder-mesh/ponder/internal/serve.revision=c0ffee"
	cmd := exec.Command("go", append([]string{"build", "-trimpath", "-ldflags", link, "-o", dir + "/"}, packages...)...)
	cmd.Dir, cmd.Env = module, append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %v: %v\n%s", packages, err, out)
	}
}

// startNATS starts a NATS server with JetStream, and returns its URL.
func (m *mesh) startNATS(t *testing.T) string {
	t.Helper()
	ports := filepath.Join(m.dir, "ports")
	if err := os.Mkdir(ports, 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(m.dir, "nats-server"),
		"-a", "127.0.0.1", "-p", "-1", "-js", "-sd", filepath.Join(m.dir, "js"), "--ports_file_dir", ports)
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		if _, url, ok := strings.Cut(lines.Text(), "Listening for client connections on "); ok {
			go io.Copy(io.Discard, stderr)
			return "nats://" + url
		}
	}
	t.Fatal("nats-server ended")
	return ""
}

// start starts a service, and waits until it tells its addresses.
func (m *mesh) start(t *testing.T, name string, args ...string) *process {
	t.Helper()
	p := &process{trace: filepath.Join(m.dir, name+".jsonl")}
	p.Cmd = exec.Command(filepath.Join(m.dir, name), append(args,
		"-addr", "127.0.0.1:0", "-metrics-addr", "127.0.0.1:0", "-trace-file", p.trace)...)
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "OTEL_") && !strings.HasPrefix(pair, "PONDER_") {
			p.Env = append(p.Env, pair)
		}
	}
	stderr, err := p.StderrPipe()
	if err == nil {
		err = p.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Process.Kill() }) // nothing to do if it has ended
	m.processes[name] = p
	lines := bufio.NewScanner(stderr)
	for p.addr == "" || p.pages == "" {
		if !lines.Scan() {
			t.Fatalf("%s ended:\n%s", name, p.text())
		}
		p.append(lines.Text())
		var line struct{ Msg, Addr string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("log line %q: %v", lines.Text(), err)
		}
		switch line.Msg {
		case "serving":
			p.addr = line.Addr
		case "metrics":
			p.pages = "http://" + line.Addr
		}
	}
	go func() {
		for lines.Scan() {
			p.append(lines.Text())
		}
	}()
	return p
}

// awaitReady waits until the service could use all that it needs, and no optional service is missing.
func (p *process) awaitReady(t *testing.T, name string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		response, err := http.Get(p.pages + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		switch {
		case err != nil:
			t.Fatal(err)
		case response.StatusCode == http.StatusOK && strings.TrimSpace(string(body)) == "ready":
			return
		case time.Now().After(deadline):
			t.Fatalf("%s is not ready: %s\n%s", name, body, p.text())
		}
	}
}

func (p *process) append(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintln(&p.log, line)
}

func (p *process) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// stop stops the services, which then write their last spans.
func (m *mesh) stop(t *testing.T) {
	t.Helper()
	for name, p := range m.processes {
		if err := p.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	for name, p := range m.processes {
		if err := p.Wait(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, p.text())
		}
	}
}

// scrape returns what a service serves on /metrics for this value of Accept, with its type.
func (p *process) scrape(t *testing.T, accept string) (body []byte, contentType string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), "GET", p.pages+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", accept)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err = io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v", response.Status, err)
	}
	return body, response.Header.Get("Content-Type")
}

// solve runs ponder solve, and reports whether it succeeded.
func (m *mesh) solve(t *testing.T, args ...string) (ok bool, output string) {
	t.Helper()
	cmd := exec.Command(filepath.Join(m.dir, "ponder"), append([]string{"solve", "--planner-addr", m.planner}, args...)...)
	out, err := cmd.CombinedOutput()
	return err == nil, string(out)
}

// A span is a line of a trace file.
type span struct {
	ID          string `json:"span"`
	Parent      string
	Trace, Name string
	Start, End  int64
	Attributes  map[string]any
	Events      []struct {
		Name       string
		Attributes map[string]any
	}
}

// spans returns the spans of all services that began after a time.
func (m *mesh) spans(t *testing.T, after time.Time) (all []span) {
	t.Helper()
	for _, p := range m.processes {
		text, err := os.ReadFile(p.trace)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			var s span
			if err := json.Unmarshal(line, &s); err != nil {
				t.Fatalf("%s: %v", p.trace, err)
			}
			if s.Start >= after.UnixNano() {
				all = append(all, s)
			}
		}
	}
	return all
}

func (s span) text(key string) string    { v, _ := s.Attributes[key].(string); return v }
func (s span) number(key string) float64 { v, _ := s.Attributes[key].(float64); return v }
