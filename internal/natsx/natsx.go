// Package natsx is what Ponder's services share about NATS: a connection that
// outlives the server's restarts, and trace context in headers. Its sub-packages
// run a server in this process (natsd) and in a test's bubble (natstest).
package natsx

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
)

// Connect returns a connection under this name. It does not fail for a server that
// is not there yet: it goes on trying in the background, for ever and across
// restarts, and what needs the server says so meanwhile ([Connected]). An error
// means that url cannot be meant. Later options win.
func Connect(url, name string, opts ...nats.Option) (*nats.Conn, error) {
	log := slog.With("nats", url, "name", name)
	nc, err := nats.Connect(url, append([]nats.Option{
		nats.Name(name),
		nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(250 * time.Millisecond),
		nats.ReconnectJitter(250*time.Millisecond, 250*time.Millisecond),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("NATS connection lost", "error", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { log.Info("NATS connection is back") }),
		nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
			subject := ""
			if sub != nil {
				subject = sub.Subject
			}
			log.Error("NATS reports an error", "subject", subject, "error", err)
		}),
	}, opts...)...)
	if err != nil {
		return nil, fmt.Errorf("connecting to NATS at %s: %w", url, err)
	}
	return nc, nil
}

// Connected is a check for readiness: nil if the server answers, else an error that
// names the address.
func Connected(ctx context.Context, nc *nats.Conn) error {
	if !nc.IsConnected() {
		return fmt.Errorf("NATS at %v: %s", nc.Servers(), nc.Status())
	}
	if _, ok := ctx.Deadline(); !ok { // which a flush needs
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Second)
		defer cancel()
	}
	if err := nc.FlushWithContext(ctx); err != nil {
		return fmt.Errorf("NATS at %s: %w", nc.ConnectedUrlRedacted(), err)
	}
	return nil
}
