// Package natsx connects Ponder's services to NATS: its connections outlive restarts of the
// server, and its headers carry trace context. Package natsd runs a server in this process,
// package natstest in a synctest bubble.
package natsx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	neturl "net/url"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// Connect returns a connection with this name to the servers of urls, separated by commas.
//
// Connect does not fail if the server is down: the connection tries to connect and reconnect
// in the background, without limit; see [Connected]. An error indicates an invalid URL or
// option. opts override the options of Connect.
func Connect(urls, name string, opts ...nats.Option) (*nats.Conn, error) {
	log := slog.With("nats", Redact(urls), "name", name)
	nc, err := nats.Connect(urls, append([]nats.Option{
		nats.Name(name),
		nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(250 * time.Millisecond),
		nats.ReconnectJitter(250*time.Millisecond, 250*time.Millisecond),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("NATS connection lost, reconnecting", "error", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { log.Info("NATS connection restored") }),
		nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
			subject := ""
			if sub != nil {
				subject = sub.Subject
			}
			log.Error("NATS reports an error: see the server's log", "subject", subject, "error", err)
		}),
	}, opts...)...)
	if parse := (*neturl.Error)(nil); errors.As(err, &parse) {
		err = parse.Err // without the URL, which may have a password
	}
	if err != nil {
		return nil, fmt.Errorf("connect to NATS at %s: %w", Redact(urls), err)
	}
	return nc, nil
}

// Redact returns urls, separated by commas, with "xxxxx" in place of passwords and tokens, for
// logs and errors.
func Redact(urls string) string {
	all := strings.Split(urls, ",")
	for i, s := range all {
		if s = strings.TrimSpace(s); !strings.Contains(s, "://") {
			s = "nats://" + s
		}
		u, err := neturl.Parse(s)
		if err != nil {
			all[i] = "an invalid URL"
			continue
		}
		if _, ok := u.User.Password(); u.User != nil && !ok { // a token
			u.User = neturl.User("xxxxx")
		}
		all[i] = u.Redacted()
	}
	return strings.Join(all, ",")
}

// Connected is a readiness check: it returns nil if the server responds, and otherwise an
// error that names the server's address.
func Connected(ctx context.Context, nc *nats.Conn) error {
	if !nc.IsConnected() {
		return fmt.Errorf("NATS at %s is %s: is the server up?", strings.Join(nc.Servers(), ","), nc.Status())
	}
	if _, ok := ctx.Deadline(); !ok { // FlushWithContext requires a deadline
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Second)
		defer cancel()
	}
	if err := nc.FlushWithContext(ctx); err != nil {
		return fmt.Errorf("NATS at %s does not respond: %w", nc.ConnectedUrlRedacted(), err)
	}
	return nil
}

// User returns the user, or the public nkey, of nc; "" if it has none.
func User(nc *nats.Conn) string {
	user := cmp.Or(nc.Opts.Nkey, nc.Opts.User)
	if u, err := neturl.Parse(nc.ConnectedUrl()); user == "" && err == nil && u.User != nil {
		user = u.User.Username()
	}
	return user
}
