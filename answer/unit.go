package answer

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// nounsText holds nouns of things that word problems count: plurals, and a few singulars.
//
//go:embed nouns.txt
var nounsText string

var (
	nouns = setOf(nounsText)

	// units are the units of measurement that are no products of variables.
	units = setOf("degree degrees deg radian radians rad percent dollar dollars cent cents penny pence euro euros pound pounds yen yuan rupee rupees" +
		" peso pesos franc francs won ruble rubles unit units inch inches foot feet yard yards mile miles meter meters metre metres centimeter centimeters" +
		" centimetre centimetres millimeter millimeters millimetre millimetres kilometer kilometers kilometre kilometres micrometer micrometers nanometer" +
		" nanometers cm mm km dm nm μm kg mg gram grams gramme grammes kilogram kilograms kilo kilos milligram milligrams lb lbs ounce ounces ton tons tonne" +
		" tonnes liter liters litre litres milliliter milliliters millilitre millilitres ml mL cl dl gallon gallons quart quarts pint pints cup cups teaspoon" +
		" teaspoons tablespoon tablespoons tbsp tsp acre acres hectare hectares second seconds sec secs minute minutes mins hour hours hrs day days week weeks month" +
		" months year years yrs decade decades century centuries mph kph kmh rpm newton newtons joule joules kilojoule kilojoules kJ watt watts kilowatt kilowatts" +
		" kW kWh MW volt volts ampere amperes amp amps ohm ohms hertz Hz kHz MHz GHz pascal pascals kPa MPa Pa bar bars atm kelvin kelvins celsius fahrenheit mol mole" +
		" moles mmol coulomb coulombs tesla teslas eV keV MeV GeV byte bytes bit bits kb KB MB GB TB people person persons point points pts way ways time times sq" +
		" unités jours heures mètres années euros élèves personnes secondes kilomètres pommes" +
		" metros kilómetros horas minutos segundos días años personas euros dólares centímetros litros gramos kilos manzanas grados estudiantes" +
		" Stunden Minuten Sekunden Tage Jahre Meter Kilometer Zentimeter Euro Grad Äpfel Personen Liter Gramm Kilogramm Schüler Prozent Quadratmeter" +
		" metri ore minuti giorni anni mele gradi litri chilometri lire persone uur minuten dagen jaar meter graden kilometer" +
		" рублей рубля руб метров метра часов часа минут дней лет км м кг см человек штук яблок")
	// ambiguous are units that may be products of variables: they are dropped inside \text, and others where the
	// grader may.
	ambiguous = setOf("m s g h l L N J W V A K C F T Q Ω min hr in ft yd mi oz gal d y hp cc M R pt")
	// spaced are the ambiguous units that are dropped after a plain number and a space, since variables stand there
	// without one.
	spaced = setOf("min hr ft yd mi oz gal in")
	// powered are the units, besides those in \text, that may have an exponent.
	powered = setOf("cm mm km m dm ft in yd mi s inch inches foot feet meter meters metre metres unit units yard yards mile miles centimeter centimeters nm")
	// connectors are words between a number and its unit, or between units.
	connectors = setOf("square sq squared cubic cubed cu per of each a an the full whole total different distinct more left remaining long tall wide high deep old away ago" +
		" apart apiece every in to altogether us american additional extra possible big small large red blue green yellow white black pink purple orange brown")
	// counters are the words after a number in Chinese, Japanese and Korean.
	counters = setOf("평방미터 평방센티미터 입방미터 명 개 원 도 살 마리 권 장 대 시간 분 초 일 주 달 개월 년 미터 센티미터 킬로미터 킬로그램 그램 리터 퍼센트 번 번째 가지 자루 송이 그루 켤레 병 잔 봉지 상자 조각 쪽 페이지 층 채 척 점 회 걸음 달러 센트 인 만원 사람 학생 사과 킬로 톤 평 단위 제곱미터 제곱센티미터 세제곱미터 도씨 벌 통 그릇 판 줄 팀 모둠 쌍 단" +
		" 个 個 人 元 块 岁 歲 米 厘米 千米 公里 毫米 公斤 千克 克 斤 吨 升 毫升 小时 小時 分钟 分鐘 分 秒 天 日 周 月 年 次 本 只 隻 条 條 支 枝 张 張 辆 輛 棵 朵 头 頭 位 名 种 種 页 頁 度 倍 件 双 雙 对 對 杯 瓶 盒 箱 袋 美元 平方米 平方厘米 立方米 立方厘米 欧元 分米 角 匹 台 间 間 层 層 道 题 組 组 排 步" +
		" 円 匹 冊 枚 台 杯 歳 回 時間 分間 秒間 日間 週間 ヶ月 か月 カ月 通り 番 番目 点 つ こ 羽 頭 軒 足 グラム キログラム メートル センチ センチメートル キロメートル キロ リットル ドル ユーロ パーセント 平方メートル セント ページ ヶ ケ コ 個")
)

// copulas are endings of a sentence in Korean and Japanese.
var copulas = []string{"이라고 할 수 있습니다", "이었습니다", "였습니다", "이 됩니다", "가 됩니다", "이 된다", "가 된다", "입니다", "이에요", "예요", "이다", "이고", "이며", "임", "다", "になります", "となります", "になる", "となる",
	"でございます", "でした", "です", "である", "だ"}

// dropUnits returns t without the units at its end. A word after a number is a unit only if it is in a list, or a word
// of the problem. With all, ambiguous units are dropped, too.
func (q *Question) dropUnits(t []token, all bool) []token {
	for start := 1; start < len(t); start++ {
		if q.isUnit(t[:start], t[start:], all) {
			return t[:start]
		}
	}
	return t
}

// isUnit reports whether t is a unit after value.
func (q *Question) isUnit(value, t []token, all bool) bool {
	last := value[len(value)-1]
	if last.kind == tokenSymbol && !strings.Contains(")}]π°|∞", last.text) || last.kind == tokenCommand && !greek[last.text] {
		return false
	}
	first := t[0]
	if len(t) == 1 && first.kind == tokenCommand && first.text == "Omega" && first.space { // ohm
		return plainValue(value)
	}
	if first.is("°") || first.is("^") && len(t) > 1 && degreeSign(t) > 0 {
		if slices.ContainsFunc(value, func(x token) bool { return known(x.text) }) { // \sin 30^\circ
			return false
		}
		n := degreeSign(t)
		return n == len(t) || n < len(t) && t[n].kind == tokenLetters && (t[n].text == "C" || t[n].text == "F" || t[n].text == "K") && n+1 == len(t)
	}
	plain := plainValue(value)
	if first.kind != tokenLetters || last.kind == tokenLetters && !last.word && !first.word || !first.word && !first.space && !plain {
		return false
	}
	found, rate := false, false
	for i := 0; i < len(t); i++ {
		switch x := t[i]; {
		case x.kind == tokenLetters:
			word := x.text
			lower := strings.ToLower(word)
			switch {
			case units[word] || units[lower] || counter(word):
				if !x.word && !(x.space || i > 0) && !plain || !x.word && !plain && len(word) <= 2 && word != "cm" && word != "km" && word != "mm" && word != "kg" {
					return false
				}
				found = true
			case q.dozens && (lower == "dozen" || lower == "dozens"):
				found = true
			case nouns[lower] || nouns[lower+"s"] || q.mentions(lower) || found && i > 0 && strings.ToLower(t[i-1].text) == "of" && len(word) > 2:
				if !x.word && !x.space {
					return false
				}
				found = true
			case ambiguous[word]:
				if !x.word && !(plain && (all && (x.space || i > 0) || spaced[word] && (x.space || rate) || rate || i+1 < len(t) && t[i+1].is("/") && x.space)) {
					return false
				}
				found = true
			case connectors[lower] && (x.word || x.space || i > 0):
			default:
				return false
			}
		case x.is("/") && found:
			rate = true
		case (x.is(".") || x.is("*")) && i > 0:
		case x.is("^") && found:
			n := exponentOfUnit(t[i:])
			if n == 0 || !t[i-1].word && !powered[t[i-1].text] {
				return false
			}
			i += n - 1
		case x.is("{") || x.is("}"):
		default:
			return false
		}
	}
	return found
}

// exponentOfUnit returns the number of tokens of an exponent of a unit at the start of t, or 0.
func exponentOfUnit(t []token) int {
	n := 1
	braced := n < len(t) && t[n].is("{")
	if braced {
		n++
	}
	if n < len(t) && t[n].is("-") {
		n++
	}
	if n >= len(t) || t[n].kind != tokenNumber || t[n].ulp != nil || !t[n].num.IsInt() || t[n].num.Num().BitLen() > 3 {
		return 0
	}
	n++
	if braced {
		if n >= len(t) || !t[n].is("}") {
			return 0
		}
		n++
	}
	return n
}

// degreeSign returns the number of tokens of a sign of degrees, ^{\circ}, at the start of t, or 0.
func degreeSign(t []token) int {
	switch {
	case len(t) > 0 && t[0].is("°"):
		return 1
	case len(t) > 1 && t[0].is("^") && t[1].is("°"):
		return 2
	case len(t) > 3 && t[0].is("^") && t[1].is("{") && t[2].is("°") && t[3].is("}"):
		return 4
	}
	return 0
}

// plainValue reports whether t is a number, or a fraction or power of numbers, without letters.
func plainValue(t []token) bool {
	for _, x := range t {
		if x.kind == tokenLetters || x.kind == tokenCommand && x.text != "frac" && x.text != "sqrt" || x.is("π") {
			return false
		}
	}
	return true
}

// counter reports whether word is a counter of Chinese, Japanese or Korean, with an ending.
func counter(word string) bool {
	if word == "" || word[0] < 0x80 {
		return false
	}
	if counters[word] {
		return true
	}
	if first, size := utf8.DecodeRuneInString(word); counters[string(first)] && unicode.Is(unicode.Han, first) && utf8.RuneCountInString(word) <= 8 && len(word) > size {
		return true // a counter and its noun, 个苹果
	}
	if stem, _, ok := strings.Cut(word, "의"); ok && counters[stem] {
		return true
	}
	for _, c := range copulas {
		if stem, ok := strings.CutSuffix(word, c); ok && (stem == "" || counters[stem]) {
			return true
		}
	}
	return false
}
