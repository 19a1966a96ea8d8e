package serve

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/health" // clients skip servers that are not ready
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// maxMessage is the largest size of a message in bytes. It exceeds every valid request.
const maxMessage = 16 << 20

// clientConfig spreads requests over all ready servers of a name.
const clientConfig = `{"loadBalancingConfig":[{"round_robin":{}}],"healthCheckConfig":{"serviceName":""}}`

// Dial returns a connection to a service, without TLS: it is for the mesh's own
// network. The first call makes the connection, and the next call after it broke
// makes it again. Later options win.
func Dial(addr string, options ...grpc.DialOption) (*grpc.ClientConn, error) {
	conn, err := grpc.NewClient(addr, append([]grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(clientConfig),
		grpc.WithKeepaliveParams(ping),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)),
	}, options...)...)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", addr, err)
	}
	return conn, nil
}

// WaitReady blocks until the server of conn, a connection of Dial, is ready.
func WaitReady(ctx context.Context, conn *grpc.ClientConn) error {
	request := &healthpb.HealthCheckRequest{Service: Readiness}
	_, err := healthpb.NewHealthClient(conn).Check(ctx, request, grpc.WaitForReady(true))
	return err
}

// Ready returns the Check that the server of conn is ready. Its error names the missing
// dependencies of that server.
func Ready(service string, conn *grpc.ClientConn) Check {
	name := service + " at " + strings.TrimPrefix(conn.Target(), "dns:///")
	return Check{Name: name, Do: func(ctx context.Context) error {
		var trailer metadata.MD
		request := &healthpb.HealthCheckRequest{Service: Readiness}
		response, err := healthpb.NewHealthClient(conn).Check(ctx, request, grpc.Trailer(&trailer))
		switch {
		case err != nil:
			return errors.New(status.Convert(err).Message())
		case response.GetStatus() != healthpb.HealthCheckResponse_SERVING:
			return fmt.Errorf("not ready: %s", strings.Join(Missing(trailer), "; "))
		}
		return nil
	}}
}
