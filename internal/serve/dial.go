package serve

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/health" // clients leave out servers that are not ready
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// clientConfig spreads requests over all ready servers of a name.
const clientConfig = `{"loadBalancingConfig":[{"round_robin":{}}],"healthCheckConfig":{"serviceName":""}}`

// Dial returns a connection to a service, without TLS: it is for the mesh's own
// network. The connection is made at the first call, and again after it broke. Later
// options win.
func Dial(addr string, options ...grpc.DialOption) (*grpc.ClientConn, error) {
	conn, err := grpc.NewClient(addr, append([]grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(clientConfig),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time: 30 * time.Second, Timeout: 10 * time.Second, PermitWithoutStream: true,
		}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)),
	}, options...)...)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", addr, err)
	}
	return conn, nil
}

// WaitReady blocks until the service at the other end of conn, a connection of Dial, is
// ready.
func WaitReady(ctx context.Context, conn *grpc.ClientConn) error {
	_, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{Service: Readiness}, grpc.WaitForReady(true))
	return err
}

// Ready returns the Check that the service at the other end of conn is ready. Its
// error names what that service misses.
func Ready(service string, conn *grpc.ClientConn) Check {
	return Check{Name: service + " at " + strings.TrimPrefix(conn.Target(), "dns:///"), Do: func(ctx context.Context) error {
		var trailer metadata.MD
		request := &healthpb.HealthCheckRequest{Service: Readiness}
		answer, err := healthpb.NewHealthClient(conn).Check(ctx, request, grpc.Trailer(&trailer))
		switch {
		case err != nil:
			return errors.New(status.Convert(err).Message())
		case answer.GetStatus() != healthpb.HealthCheckResponse_SERVING:
			return fmt.Errorf("not ready: %s", strings.Join(Missing(trailer), "; "))
		}
		return nil
	}}
}
