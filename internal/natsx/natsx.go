// Package natsx has what Ponder's services share about NATS: connections that survive
// restarts of the server, and trace context in headers. Its sub-packages run a server
// in this process (natsd) and in a synctest bubble (natstest).
package natsx

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/nats-io/nats.go"
)

// Connect returns a connection with this name. It does not fail if the server is not
// available: the connection retries in the background without limit, also after
// restarts; see [Connected]. An error indicates an invalid url or option. Later options
// override earlier ones.
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
		nats.ReconnectHandler(func(*nats.Conn) { log.Info("NATS connection restored") }),
		nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
			subject := ""
			if sub != nil {
				subject = sub.Subject
			}
			log.Error("NATS error", "subject", subject, "error", err)
		}),
	}, opts...)...)
	if err != nil {
		return nil, fmt.Errorf("connect to NATS at %s: %w", url, err)
	}
	return nc, nil
}

// Connected is a readiness check: it returns nil if the server answers, otherwise an
// error that names the address.
func Connected(ctx context.Context, nc *nats.Conn) error {
	if !nc.IsConnected() {
		return fmt.Errorf("NATS at %v: %s", nc.Servers(), nc.Status())
	}
	if _, ok := ctx.Deadline(); !ok { // FlushWithContext requires a deadline
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Second)
		defer cancel()
	}
	if err := nc.FlushWithContext(ctx); err != nil {
		return fmt.Errorf("NATS at %s: %w", nc.ConnectedUrlRedacted(), err)
	}
	return nil
}

// User returns the user, or the public nkey, as which nc connects; "" if it says none.
func User(nc *nats.Conn) string {
	user := cmp.Or(nc.Opts.Nkey, nc.Opts.User)
	if u, err := url.Parse(nc.ConnectedUrl()); user == "" && err == nil && u.User != nil {
		user = u.User.Username()
	}
	return user
}
