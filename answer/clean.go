package answer

import (
	"regexp"
	"strings"
	"unicode"
)

var (
	// characters maps what is written with characters outside of ASCII, or in HTML, to LaTeX and the symbols of
	// tokens.
	characters = strings.NewReplacer(
		"{.}", ".", "百分之", "", "−", "-", "–", "-", "‐", "-", "‑", "-", "﹣", "-", "－", "-", "×", "*", "·", "*", "⋅", "*", "∙", "*", "✕", "*", "÷", "/", "⁄", "/", "∕", "/",
		"⩽", "≤", "⩾", "≥", "≦", "≤", "≧", "≥", "<=", "≤", ">=", "≥", "!=", "≠", "=/=", "≠", "≃", "≈", "≅", "≈", "∼", "≈",
		"½", `\frac{1}{2}`, "¼", `\frac{1}{4}`, "¾", `\frac{3}{4}`, "⅓", `\frac{1}{3}`, "⅔", `\frac{2}{3}`, "⅕", `\frac{1}{5}`, "⅖", `\frac{2}{5}`,
		"⅗", `\frac{3}{5}`, "⅘", `\frac{4}{5}`, "⅙", `\frac{1}{6}`, "⅚", `\frac{5}{6}`, "⅛", `\frac{1}{8}`, "⅜", `\frac{3}{8}`, "⅝", `\frac{5}{8}`, "⅞", `\frac{7}{8}`,
		"π", `\pi `, "ℝ", `\mathbb{R}`, "θ", `\theta `, "α", `\alpha `, "β", `\beta `, "γ", `\gamma `, "δ", `\delta `, "λ", `\lambda `, "μ", `\mu `, "φ", `\phi `, "ω", `\omega `, "σ", `\sigma `,
		"∠", `\angle `, "△", `\triangle `, "º", "°", "˚", "°", "′", "'", "’", "'", "‘", "'", "“", "", "”", "", `"`, "", "「", "", "」", "", "『", "", "』", "",
		"\u00a0", " ", "\u2009", " ", "\u202f", " ", "\u2007", " ", "\u3000", " ", "\u200b", "", "\ufeff", "",
		"＝", "=", "＋", "+", "（", "(", "）", ")", "［", "[", "］", "]", "｛", `\{`, "｝", `\}`, "，", ", ", "、", ", ", "；", ";", "：", ":", "。", ".", "．", ".", "％", "%",
		"／", "/", "＜", "<", "＞", ">", "～", "~", "〜", "~", "￥", "¥", "＄", "$", "⟨", "(", "⟩", ")", "〈", "(", "〉", ")", "∣", "|", "｜", "|",
		"０", "0", "１", "1", "２", "2", "３", "3", "４", "4", "５", "5", "６", "6", "７", "7", "８", "8", "９", "9",
		"Ａ", "A", "Ｂ", "B", "Ｃ", "C", "Ｄ", "D", "Ｅ", "E", "①", "1", "②", "2", "③", "3", "④", "4", "⑤", "5", "⑥", "6", "⑦", "7", "⑧", "8", "⑨", "9",
		"&nbsp;", " ", "&lt;", "<", "&gt;", ">", "&le;", "≤", "&ge;", "≥", "&minus;", "-", "<br>", " ",
		"`", "", "\\$", "$", "\\ce{", "\\text{",
	)
	plainDigits = strings.NewReplacer("⁰", "0", "¹", "1", "²", "2", "³", "3", "⁴", "4", "⁵", "5", "⁶", "6", "⁷", "7", "⁸", "8", "⁹", "9", "ⁿ", "n", "⁻", "-", "⁺", "+",
		"₀", "0", "₁", "1", "₂", "2", "₃", "3", "₄", "4", "₅", "5", "₆", "6", "₇", "7", "₈", "8", "₉", "9")
	stopTokens = regexp.MustCompile(`<[|｜][^<>\n]{1,40}[|｜]>|</?s>|<eos>|<bos>|<pad>|<end_of_turn>|<start_of_turn>|\[/?INST\]|</?(?:answer|final|b|strong|i|em)>`)
	emphasis   = regexp.MustCompile(`(^|[\s(])(\*\*|__|\*)([^*_\s](?:[^*_]*[^*_\s])?)(\*\*|__|\*)($|[\s).,:;!?])`)
	rootSign   = regexp.MustCompile(`√\s*(?:([0-9]+(?:\.[0-9]+)?|[A-Za-z])|)`)
	doubled    = regexp.MustCompile(`\\\\(?:[A-Za-z]+|[!,;:%${}()\[\]])`)
	currency   = regexp.MustCompile(`\bUS\$|\$|[£€¥₩₹₽₫]|\b(?:USD|EUR|GBP|KRW|JPY|CNY|RMB|INR|Rs)\b\.?`)
	openTag    = regexp.MustCompile(`^\s*(?:[*•>]\s+|#{1,6}\s+)`)
	announced  = regexp.MustCompile(`^(?i)\s*(?:the\s+)?(?:final\s+)?answer\s*(?:is\b|:|=)\s*`)
	raised     = regexp.MustCompile(`[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ]+`)
	lowered    = regexp.MustCompile(`[₀₁₂₃₄₅₆₇₈₉]+`)
)

// invisible reports whether r is not seen in a text: a control character, or a format like a space without width.
func invisible(r rune) bool {
	return (unicode.IsControl(r) && r != '\n' && r != '\t') || unicode.Is(unicode.Cf, r)
}

// terminal matches sequences by which a text controls a terminal.
var terminal = regexp.MustCompile(`\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)|\x{9b}[0-9;?]*[@-~]`)

// clean returns s without what has no meaning in an answer: stop tokens, Markdown, quotation marks, signs of
// currencies; and with ASCII and LaTeX for other notations.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "")
	if strings.ContainsFunc(s, invisible) {
		s = strings.Map(func(r rune) rune {
			if invisible(r) {
				return -1
			}
			return r
		}, terminal.ReplaceAllString(s, ""))
	}
	if strings.ContainsAny(s, "<[") {
		s = stopTokens.ReplaceAllString(s, " ")
	}
	if strings.Contains(s, `\\`) {
		switch {
		case strings.Contains(s, `\\begin`):
			s = strings.ReplaceAll(s, `\\`, `\`)
		case !strings.Contains(s, `\begin`):
			s = doubled.ReplaceAllStringFunc(s, func(m string) string {
				if name := m[2:]; !isLetter(name[0]) || isCommand(name) {
					return m[1:]
				}
				return m
			})
		}
	}
	if strings.ContainsAny(s, "-*•>#") {
		s = openTag.ReplaceAllString(s, "")
	}
	if strings.ContainsAny(s, "*_") {
		for range 3 {
			s = emphasis.ReplaceAllString(s, "$1$3$5")
		}
		if strings.HasPrefix(s, "**") || strings.HasSuffix(s, "**") {
			s = strings.Trim(s, "*")
		}
		s = strings.ReplaceAll(s, "**", "^")
	}
	s = announced.ReplaceAllString(s, "")
	s = raised.ReplaceAllStringFunc(s, func(m string) string { return "^{" + plainDigits.Replace(m) + "}" })
	s = lowered.ReplaceAllStringFunc(s, func(m string) string { return "_{" + plainDigits.Replace(m) + "}" })
	s = characters.Replace(s)
	if strings.Contains(s, "√") {
		s = rootSign.ReplaceAllStringFunc(s, func(m string) string {
			if inside := strings.TrimSpace(strings.TrimPrefix(m, "√")); inside != "" {
				return `\sqrt{` + inside + "}"
			}
			return `\sqrt `
		})
	}
	if strings.ContainsAny(s, "$£€¥₩₹₽₫UEGKJCRI") {
		s = currency.ReplaceAllString(s, " ")
	}
	return strings.TrimSpace(s)
}

// isCommand reports whether name is a command of LaTeX that the lexer or the parser knows.
func isCommand(name string) bool {
	return ignored[name] || spaces[name] || textCommands[name] || wrappers[name] || commandSymbols[name] != "" || commandNames[name] != "" || greek[name] ||
		known(name) || decorations[name] || name == "frac" || name == "binom" || name == "pi"
}
