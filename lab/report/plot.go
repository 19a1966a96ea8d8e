package report

import (
	"errors"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/ponder-mesh/ponder/internal/stats"
)

// Plot writes plots of accuracy into a directory: against generated tokens, against FLOPs, and against
// tokens in panels by steps and by difficulty, if these are known. format is "svg" or "png". Plot returns
// the names of the files, none if there are fewer than two budgets.
func Plot(dir string, s Sweep, format string) (names []string, err error) {
	costs := map[float64]bool{}
	for _, r := range s.Rows {
		if drawn(r) && !r.Arm.Greedy() {
			costs[Tokens(r)] = true
		}
	}
	if len(costs) < 2 {
		return nil, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	for _, axis := range []struct {
		name, label string
		unit        func(Row) float64
	}{
		{"accuracy-tokens", "generated tokens a problem", Tokens},
		{"accuracy-flops", "GFLOP a problem, verifier included", GFLOP},
	} {
		p, err := curves(s, axis.unit, func(r Row) stats.Interval { return r.Accuracy })
		if err != nil {
			return nil, err
		}
		p.X.Label.Text, p.Legend.Left, p.Legend.XOffs = axis.label, true, vg.Millimeter*2
		name := axis.name + "." + format
		if err := p.Save(20*vg.Centimeter, 13*vg.Centimeter, filepath.Join(dir, name)); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	for _, row := range []struct {
		name   string
		panels []Panel
	}{
		{"accuracy-tokens-by-steps", s.bySteps()},
		{"accuracy-tokens-by-quantile", s.Panels(false)},
		{"accuracy-tokens-by-difficulty", s.Panels(true)},
	} {
		if len(row.panels) < 2 {
			continue
		}
		name := row.name + "." + format
		if err := drawPanels(filepath.Join(dir, name), s, row.panels, format); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

// drawPanels draws a plot for each panel, side by side.
func drawPanels(path string, s Sweep, panels []Panel, format string) error {
	var plots []*plot.Plot
	for _, panel := range panels {
		if len(panel.Problems) == 0 {
			continue
		}
		p, err := curves(s, Tokens, func(r Row) stats.Interval { return stats.Bootstrap(r.rightOn(panel.Problems), 1) })
		if err != nil {
			return err
		}
		p.Title.Text, p.X.Label.Text, p.Legend = panel.Label, "", plot.NewLegend()
		plots = append(plots, p)
	}
	var canvas vg.CanvasWriterTo
	width, height := vg.Length(len(plots))*9*vg.Centimeter, 9*vg.Centimeter
	if canvas = vgsvg.New(width, height); format == "png" {
		canvas = vgimg.PngCanvas{Canvas: vgimg.New(width, height)}
	}
	tiles := draw.Tiles{Rows: 1, Cols: len(plots), PadX: vg.Millimeter * 4}
	for i, c := range plot.Align([][]*plot.Plot{plots}, tiles, draw.NewCanvas(canvas, width, height))[0] {
		plots[i].Draw(c)
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = canvas.WriteTo(file)
	return errors.Join(err, file.Close())
}

// ticks returns ticks at 1, 2 and 5 in each decade.
func ticks(low, high float64) (all []plot.Tick) {
	for decade := math.Pow(10, math.Floor(math.Log10(low))); decade <= high; decade *= 10 {
		for _, k := range []float64{1, 2, 5} {
			if v := k * decade; v >= low && v <= high {
				all = append(all, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'g', 4, 64)})
			}
		}
	}
	return all
}

// drawn reports whether plots show an arm. Arms with parameters other than the defaults, and arms after a
// difficulty estimate, are only in tables.
func drawn(r Row) bool { return r.Arm.HasDefaults() && Tokens(r) > 0 }

// points holds the points of one strategy with their intervals.
type points struct {
	plotter.XYs
	plotter.YErrors
}

// curves returns the plot of all drawn arms, with greedy as a horizontal line.
func curves(s Sweep, x func(Row) float64, y func(Row) stats.Interval) (*plot.Plot, error) {
	p := plot.New()
	p.Y.Label.Text, p.Y.Min, p.Y.Max = "accuracy", 0, 1
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.TickerFunc(ticks)
	p.Add(plotter.NewGrid())
	series := map[string]*points{}
	var names []string
	for _, r := range s.Rows {
		if !drawn(r) {
			continue
		}
		e := y(r)
		if r.Arm.Greedy() {
			line := plotter.NewFunction(func(float64) float64 { return e.Mean })
			line.Color, line.Dashes = color.Gray{128}, []vg.Length{vg.Points(4), vg.Points(3)}
			p.Add(line)
			p.Legend.Add("greedy", line)
			continue
		}
		s := series[r.Strategy]
		if s == nil {
			s = &points{}
			series[r.Strategy] = s
			names = append(names, r.Strategy)
		}
		s.XYs = append(s.XYs, plotter.XY{X: x(r), Y: e.Mean})
		s.YErrors = append(s.YErrors, struct{ Low, High float64 }{e.Mean - e.Low, e.High - e.Mean})
	}
	for i, name := range names {
		line, dots, err := plotter.NewLinePoints(series[name].XYs)
		if err != nil {
			return nil, err
		}
		bars, err := plotter.NewYErrorBars(series[name])
		if err != nil {
			return nil, err
		}
		line.Color, dots.Color, bars.Color = plotutil.Color(i), plotutil.Color(i), plotutil.Color(i)
		line.Dashes, dots.Shape = plotutil.Dashes(i/7), plotutil.Shape(i)
		p.Add(line, dots, bars)
		p.Legend.Add(name, line, dots)
	}
	return p, nil
}
