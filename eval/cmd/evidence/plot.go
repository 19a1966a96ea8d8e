package main

import (
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/ponder-mesh/ponder/eval"
)

// plotAll draws accuracy against generated tokens and against FLOPs, and against tokens
// by the problems' steps.
func plotAll(dir string, r sweep) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	tokens := func(a arm) float64 { return a.Generated }
	for name, axis := range map[string]struct {
		label string
		x     func(arm) float64
	}{
		"accuracy-tokens": {"generated tokens a problem", tokens},
		"accuracy-flops":  {"GFLOP a problem, verifier included", func(a arm) float64 { return a.PolicyGF + a.VerifierGF }},
	} {
		p, err := curves(r, axis.x, func(a arm) eval.Estimate { return a.Accuracy })
		if err != nil {
			return err
		}
		p.X.Label.Text, p.Legend.Left, p.Legend.XOffs = axis.label, true, vg.Millimeter*2
		if err := p.Save(20*vg.Centimeter, 13*vg.Centimeter, filepath.Join(dir, name+".svg")); err != nil {
			return err
		}
	}
	var panels []*plot.Plot
	for _, steps := range stepsOf(r) {
		p, err := curves(r, tokens, func(a arm) eval.Estimate { return eval.Bootstrap(a.with(r, steps), 1) })
		if err != nil {
			return err
		}
		p.Title.Text, p.X.Label.Text, p.Legend = fmt.Sprintf("%d steps", steps), "", plot.NewLegend()
		panels = append(panels, p)
	}
	canvas := vgsvg.New(vg.Length(len(panels))*9*vg.Centimeter, 9*vg.Centimeter)
	tiles := draw.Tiles{Rows: 1, Cols: len(panels), PadX: vg.Millimeter * 4}
	for i, c := range plot.Align([][]*plot.Plot{panels}, tiles, draw.New(canvas))[0] {
		panels[i].Draw(c)
	}
	file, err := os.Create(filepath.Join(dir, "accuracy-tokens-by-steps.svg"))
	if err != nil {
		return err
	}
	if _, err := canvas.WriteTo(file); err != nil {
		return err
	}
	return file.Close()
}

// ticks are 1, 2 and 5 in each decade.
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

// points are one strategy's, by budget, with their intervals.
type points struct {
	plotter.XYs
	plotter.YErrors
}

// curves is a plot of all strategies with the papers' parameters; greedy is a line.
func curves(r sweep, x func(arm) float64, y func(arm) eval.Estimate) (*plot.Plot, error) {
	p := plot.New()
	p.Y.Label.Text, p.Y.Min, p.Y.Max = "accuracy", 0, 1
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.TickerFunc(ticks)
	p.Add(plotter.NewGrid())
	series := map[string]*points{}
	var names []string
	for _, a := range r.arms {
		if strings.Contains(a.Strategy, ":") { // other parameters: the table has them
			continue
		}
		e := y(a)
		if a.Strategy == "greedy" {
			line := plotter.NewFunction(func(float64) float64 { return e.Mean })
			line.Color, line.Dashes = color.Gray{128}, []vg.Length{vg.Points(4), vg.Points(3)}
			p.Add(line)
			p.Legend.Add("greedy", line)
			continue
		}
		s := series[a.Strategy]
		if s == nil {
			s = &points{}
			series[a.Strategy] = s
			names = append(names, a.Strategy)
		}
		s.XYs = append(s.XYs, plotter.XY{X: x(a), Y: e.Mean})
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
