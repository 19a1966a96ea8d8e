// Package rpctest serves gRPC services in memory, for tests. It works inside
// testing/synctest bubbles, because nothing of it touches the network.
package rpctest

import (
	"context"
	"net"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/ponder-mesh/ponder/internal/serve"
)

// A Server is a gRPC server and a connection to it.
type Server struct {
	*grpc.Server
	Conn    *grpc.ClientConn
	Streams atomic.Int32 // opened so far

	listener atomic.Pointer[bufconn.Listener]
	register func(grpc.ServiceRegistrar)
	options  []grpc.ServerOption
}

// Serve serves until the test ends, with serve.Interceptors and these options.
func Serve(t testing.TB, register func(grpc.ServiceRegistrar), options ...grpc.ServerOption) *Server {
	t.Helper()
	s := &Server{register: register}
	count := func(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
		s.Streams.Add(1)
		return handle(server, stream)
	}
	s.options = append(serve.Interceptors(nil), grpc.WaitForHandlers(true), grpc.ChainStreamInterceptor(count))
	s.options = append(s.options, options...)
	s.start()
	conn, err := grpc.NewClient("passthrough:///test", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return s.listener.Load().DialContext(ctx)
		}))
	if err != nil {
		t.Fatal(err)
	}
	s.Conn = conn
	t.Cleanup(func() {
		conn.Close() // the client first
		s.Server.Stop()
	})
	return s
}

// Restart breaks all connections and serves again.
func (s *Server) Restart() {
	s.Server.Stop()
	s.start()
}

func (s *Server) start() {
	listener := bufconn.Listen(1 << 20)
	s.listener.Store(listener)
	s.Server = grpc.NewServer(s.options...)
	s.register(s.Server)
	go s.Server.Serve(listener)
}
