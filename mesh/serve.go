package mesh

import (
	"context"
	"fmt"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/ponder-mesh/ponder/internal/rpcerr"
)

// serve runs one service's gRPC server, in memory and, if there is an address, on
// it, and returns a connection to it through memory.
func (m *Mesh) serve(c Config, name, address string, register func(grpc.ServiceRegistrar)) (*grpc.ClientConn, error) {
	server := grpc.NewServer(append(rpcerr.Interceptors(nil), c.Telemetry.ServerOption(), grpc.WaitForHandlers(true))...)
	register(server)
	memory := bufconn.Listen(1 << 20)
	listeners := []net.Listener{memory}
	if address != "" {
		tcp, err := net.Listen("tcp", address)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		listeners = append(listeners, tcp)
	}
	ended := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { ended <- server.Serve(l) }()
	}
	m.atClose(func() (err error) {
		server.Stop()
		for range listeners {
			<-ended
		}
		return nil
	})
	conn, err := grpc.NewClient("passthrough:///"+name, grpc.WithTransportCredentials(insecure.NewCredentials()), c.Telemetry.DialOption(),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return memory.DialContext(ctx) }))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	m.atClose(conn.Close)
	return conn, nil
}
