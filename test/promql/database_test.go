package promql_test

import (
	"errors"
	"io"
	"math"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/tsdb"
)

// A database is Prometheus' time series database with its query engine.
type database struct {
	db     *tsdb.DB
	engine *promql.Engine
}

func newDatabase(t *testing.T) *database {
	t.Helper()
	options := tsdb.DefaultOptions()
	db, err := tsdb.Open(t.TempDir(), nil, nil, options, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return &database{db, promql.NewEngine(promql.EngineOpts{MaxSamples: 1e7, Timeout: time.Minute})}
}

// add adds the samples of a scrape at a time, with the job as a label, and returns how many samples and exemplars it has.
func (d *database) add(t *testing.T, job string, body []byte, contentType string, at time.Time) (samples, exemplars int) {
	t.Helper()
	appender := d.db.Appender(t.Context())
	var err error
	samples, exemplars, err = parse(body, contentType, func(l labels.Labels, value float64) error {
		_, err := appender.Append(0, labels.NewBuilder(l).Set("job", job).Labels(), at.UnixMilli(), value)
		return err
	})
	if err == nil {
		err = appender.Commit()
	}
	if err != nil {
		t.Fatalf("%s: %v", job, err)
	}
	return samples, exemplars
}

// parse parses a scrape with Prometheus' parser of its type.
func parse(body []byte, contentType string, sample func(labels.Labels, float64) error) (samples, exemplars int, err error) {
	parser, err := textparse.New(body, contentType, labels.NewSymbolTable(), textparse.ParserOptions{})
	if err != nil {
		return 0, 0, err
	}
	for {
		entry, err := parser.Next()
		switch {
		case errors.Is(err, io.EOF):
			return samples, exemplars, nil
		case err != nil:
			return samples, exemplars, err
		case entry != textparse.EntrySeries:
			continue
		}
		samples++
		_, _, value := parser.Series()
		var l labels.Labels
		parser.Labels(&l)
		if err := sample(l, value); err != nil {
			return samples, exemplars, err
		}
		for e := (exemplar.Exemplar{}); parser.Exemplar(&e); e = (exemplar.Exemplar{}) {
			exemplars++
		}
	}
}

// query evaluates an expression at a time.
func (d *database) query(t *testing.T, expression string, at time.Time) promql.Vector {
	t.Helper()
	q, err := d.engine.NewInstantQuery(t.Context(), d.db, promql.NewPrometheusQueryOpts(false, 0, nil), expression, at)
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	defer q.Close()
	result := q.Exec(t.Context())
	if result.Err != nil {
		t.Fatalf("%s: %v", expression, result.Err)
	}
	for _, warning := range result.Warnings.AsErrors() {
		t.Errorf("%s: %v", expression, warning)
	}
	vector, err := result.Vector()
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	kept := vector[:0]
	for _, s := range vector {
		if !math.IsNaN(s.F) {
			s.Metric = s.Metric.Copy()
			kept = append(kept, s)
		}
	}
	return kept
}
