package mesh

import (
	"context"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"

	"github.com/ponder-mesh/ponder/internal/serve"
)

// stopTimeout is how long a service that stops waits for running requests.
const stopTimeout = 2 * time.Second

// serve runs one service in memory and, if address is not empty, on that address. It
// returns a connection to the service in memory.
func (m *Mesh) serve(c Config, name, address string, service serve.Service) (*grpc.ClientConn, error) {
	memory := bufconn.Listen(1 << 20)
	listeners := []net.Listener{memory}
	if address != "" {
		tcp, err := net.Listen("tcp", address)
		if err != nil {
			return nil, fmt.Errorf("%s: listen: %w", name, err)
		}
		listeners = append(listeners, tcp)
	}
	service.Options = append(service.Options, c.Telemetry.ServerOption())
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- service.Serve(ctx, &serve.Settings{StopTimeout: stopTimeout}, nil, listeners...) }()
	m.atClose(func() error { stop(); return <-ended })

	dial := func(option grpc.DialOption) (*grpc.ClientConn, error) {
		conn, err := serve.Dial("passthrough:///"+name, option,
			grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return memory.DialContext(ctx) }))
		if err == nil {
			m.atClose(conn.Close)
		}
		return conn, err
	}
	plain, err := dial(grpc.WithDisableHealthCheck()) // a call then returns why the service is not ready
	if err != nil {
		return nil, err
	}
	check := serve.Check{Name: name, Do: serve.Ready(name, plain).Do, Need: serve.NeedAtStart}
	if name == "planner" {
		check.Need = serve.NeedAlways
	}
	m.ready = append(m.ready, check)
	return dial(c.Telemetry.DialOption())
}
