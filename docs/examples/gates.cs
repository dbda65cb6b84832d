#:project ../../src/Lstm
#:property PublishAot=false

// Looks inside a small LSTM that reads nested brackets and predicts the next character. To close a bracket rightly it has to
// remember which kind was opened, for as long as it stays open. Prints what its gates do on a text it has not seen, how far
// back the gradient reaches, and writes a heat map of the gates over that text: gates.svg.

using System.Diagnostics;
using System.Globalization;
using System.Text;
using Lstm;
using Lstm.Diagnostics;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string folder = (string)AppContext.GetData("EntryPointFileDirectoryPath")!;
Stopwatch clock = Stopwatch.StartNew();
const string Alphabet = "()[]ab ";
const int Units = 12;

// Train on 600 texts; the target of each character is the next one.
Random random = new(1);
string[] texts = [.. Enumerable.Range(0, 600).Select(_ => Brackets.Write(random, 48))];
List<TrainingBatch<float>> batches = [.. texts.Chunk(30).Select(chunk => new TrainingBatch<float>(Ids(chunk, 0), Ids(chunk, 1)))];
Network<float> network = Network.Create<float>(Alphabet.Length, seed: 2,
    new EmbeddingSpec(6), new LstmSpec(Units), new DenseSpec(Alphabet.Length));
Trainer<float> trainer = new(network, new SoftmaxCrossEntropy<float>(), new Adam<float>(learningRate: 0.01))
{
    Clip = GradientClip.ByGlobalNorm(1),
};
TrainingResult result = trainer.Fit(batches, new TrainingOptions { Epochs = 60, Workers = 1 });
Console.WriteLine(
    $"Trained on {texts.Length} texts: loss {result.Epochs[0].Loss:f3} after the first epoch, {result.Loss:f3} after "
    + $"{result.Epochs.Count}.");

// Texts it has not seen: where a bracket closes, which kind does the network prefer?
Random other = new(1001);
string[] unseen = [.. Enumerable.Range(0, 200).Select(_ => Brackets.Write(other, 48))];
SequenceBatch<float> predicted = network.Predict(Ids(unseen, 0));
(int right, int all) = (0, 0);
for (int b = 0; b < unseen.Length; b++)
{
    for (int t = 0; t + 1 < unseen[b].Length; t++)
    {
        if (unseen[b][t + 1] is ')' or ']')
        {
            ReadOnlySpan<float> logits = predicted[b, t];
            bool prefersRound = logits[Alphabet.IndexOf(')')] > logits[Alphabet.IndexOf(']')];
            right += prefersRound == (unseen[b][t + 1] == ')') ? 1 : 0;
            all++;
        }
    }
}

Console.WriteLine($"On 200 others it prefers the right kind of closing bracket {right} times of {all}.");

// One pass over one text, the one whose depth varies most, with its gates. A loss at the last character only shows how far back
// the gradient reaches.
string text = unseen.MaxBy(
    candidate => Brackets.Depths(candidate).Sum(depth => depth * depth)
    - (Math.Pow(Brackets.Depths(candidate).Sum(), 2) / candidate.Length))!;
using Tape<float> tape = network.CreateTape();
tape.Training = false;
network.Forward(Ids([text], 0), tape);
GateTrace<float> trace = new(network);
trace.Read(tape);
Console.WriteLine();
Console.WriteLine(trace.Summarize());

LayerGates<float> layer = trace["lstm.l0"];
int steps = layer.Cell.StepCount;
tape.OutputGradient.Rows.Clear();
tape.OutputGradient[0, steps - 1].Fill(1);
tape.OutputGradient[0, steps - 1][Alphabet.IndexOf(text[^1])] -= Alphabet.Length;
network.Backward(tape, network.CreateGradient());
GradientTrace<float> flow = new(network);
flow.Read(tape);
Console.WriteLine();
Console.WriteLine("Norm of the gradient from the last character:");
foreach (int back in (int[])[0, 1, 2, 5, 10, 20, steps - 1])
{
    Console.WriteLine(
        $"  {back,2} steps back {flow["lstm.l0"].At(steps - 1 - back) / flow["lstm.l0"].At(steps - 1),8:g2} of the last step's");
}

string chart = Path.Combine(folder, "gates.svg");
File.WriteAllText(chart, HeatMap.Draw(text[..steps], layer));
Console.WriteLine();
Console.WriteLine($"Heat map: {Path.GetRelativePath(Environment.CurrentDirectory, chart)}");
Console.Error.WriteLine($"Done in {clock.Elapsed.TotalSeconds:f1} s.");
return right > 0.95 * all ? 0 : 1;

// The characters from the first to the last but one, or from the second to the last.
static SequenceBatch<int> Ids(string[] texts, int from)
    => SequenceBatch.FromSequences<int>(
        [.. texts.Select(text => text[from..(text.Length - 1 + from)].Select(c => Alphabet.IndexOf(c)).ToArray())]);

/// <summary>Texts of letters and two kinds of brackets, properly nested.</summary>
internal static class Brackets
{
    public static string Write(Random random, int length)
    {
        StringBuilder text = new();
        Stack<char> open = new();
        while (text.Length + open.Count < length)
        {
            int choice = random.Next(10);
            if (choice < 3 && open.Count < 5 && text.Length + open.Count + 2 <= length)
            {
                bool round = random.Next(2) == 0;
                open.Push(round ? ')' : ']');
                text.Append(round ? '(' : '[');
            }
            else if (choice < 5 && open.Count > 0)
            {
                text.Append(open.Pop());
            }
            else
            {
                text.Append("aab "[random.Next(4)]);
            }
        }

        return text.Append([.. open]).ToString();
    }

    /// <summary>How many brackets are open after each character.</summary>
    public static int[] Depths(string text)
    {
        int depth = 0;
        return [.. text.Select(c => depth += c is '(' or '[' ? 1 : c is ')' or ']' ? -1 : 0)];
    }
}

/// <summary>
/// Four panels, one below the other: units over characters, coloured by the forget, input and output gates and by the cell.
/// </summary>
internal static class HeatMap
{
    private const int Cell = 18, Row = 13, Left = 76, Top = 116, Gap = 46, Levels = 24;

    // Light to dark for gates, blue over white to red for states: both keep their order without colour.
    private static readonly (int R, int G, int B)[] Sequential =
        [(247, 251, 255), (198, 219, 239), (107, 174, 214), (33, 113, 181), (8, 48, 107)];
    private static readonly (int R, int G, int B)[] Diverging =
        [(33, 102, 172), (146, 197, 222), (250, 250, 250), (244, 165, 130), (178, 24, 43)];

    public static string Draw(string text, LayerGates<float> layer)
    {
        int[] depths = Brackets.Depths(text);
        int[] order = [.. Enumerable.Range(0, layer.Units).OrderByDescending(unit => Correlation(layer.Cell, unit, depths))];

        // tanh c, as the output gate sees it: a few large units would leave the others white.
        SequenceBatch<float> shown =
            SequenceBatch.FromSequences<float>([[.. layer.Cell.GetSequence(0).Select(MathF.Tanh)]], layer.Units);
        (string Title, SequenceBatch<float> Values, double From, double To)[] panels =
        [
            ("forget gate f — what the cell keeps", layer.ForgetGate, 0, 1),
            ("input gate i — what is let in", layer.InputGate, 0, 1),
            ("output gate o — what is shown", layer.OutputGate, 0, 1),
            ("cell state, tanh c — what is remembered", shown, -1, 1),
        ];
        int panelHeight = Row * layer.Units;
        int width = Left + (Cell * text.Length) + 96;
        int height = Top + (panels.Length * (panelHeight + Gap)) + 8;
        StringBuilder svg = new();
        svg.AppendLine(
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} "
            + $"{height}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">");
        svg.AppendLine("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>");
        svg.AppendLine(
            $"<text x=\"{Left}\" y=\"26\" font-size=\"18\" font-weight=\"bold\">What {layer.Units} LSTM units do while they "
            + "read brackets</text>");
        svg.AppendLine(
            $"<text x=\"{Left}\" y=\"45\" fill=\"#555\">A text it has not seen, one column per character. Units are sorted by "
            + "how well their cell follows the depth of nesting.</text>");
        Depth(svg, depths);
        for (int p = 0; p < panels.Length; p++)
        {
            int top = Top + (p * (panelHeight + Gap));
            bool isState = panels[p].From < 0;
            svg.AppendLine($"<text x=\"{Left}\" y=\"{top - 8}\" font-weight=\"bold\">{panels[p].Title}</text>");
            Cells(svg, top, text.Length, order, panels[p].Values, panels[p].From, panels[p].To, isState ? Diverging : Sequential);
            Characters(svg, text, top + panelHeight + 14);
            svg.AppendLine($"<text x=\"{Left - 8}\" y=\"{top + 10}\" text-anchor=\"end\" font-size=\"10\">{order[0]}</text>");
            svg.AppendLine(
                $"<text x=\"{Left - 8}\" y=\"{top + panelHeight - 3}\" text-anchor=\"end\" font-size=\"10\">{order[^1]}</text>");
            svg.AppendLine(
                $"<text transform=\"translate({Left - 34} {top + (panelHeight / 2)}) rotate(-90)\" "
                + "text-anchor=\"middle\">unit</text>");
            Legend(svg, Left + (Cell * text.Length) + 22, top, panelHeight, panels[p].From, panels[p].To,
                isState ? Diverging : Sequential);
        }

        svg.AppendLine(
            $"<text x=\"{Left + (Cell * text.Length / 2)}\" y=\"{height - 12}\" text-anchor=\"middle\">characters, in the "
            + "order they are read</text>");
        svg.AppendLine("</svg>");
        return svg.ToString();
    }

    // One path per colour, in units of cells: runs of equal colour are one rectangle.
    private static void Cells(
        StringBuilder svg, int top, int steps, int[] order, SequenceBatch<float> values, double from, double to,
        (int R, int G, int B)[] colours)
    {
        StringBuilder[] paths = [.. Enumerable.Range(0, Levels).Select(_ => new StringBuilder())];
        for (int row = 0; row < order.Length; row++)
        {
            int Level(int t) => Math.Clamp((int)((values[0, t][order[row]] - from) / (to - from) * Levels), 0, Levels - 1);
            for (int t = 0; t < steps;)
            {
                int end = t + 1;
                while (end < steps && Level(end) == Level(t))
                {
                    end++;
                }

                paths[Level(t)].Append($"M{t} {row}h{end - t}v1H{t}z");
                t = end;
            }
        }

        svg.AppendLine($"<g transform=\"translate({Left} {top}) scale({Cell} {Row})\" shape-rendering=\"crispEdges\">");
        for (int level = 0; level < Levels; level++)
        {
            if (paths[level].Length > 0)
            {
                svg.AppendLine($"<path fill=\"{Colour(colours, (level + 0.5) / Levels)}\" d=\"{paths[level]}\"/>");
            }
        }

        svg.AppendLine("</g>");
        svg.AppendLine(
            $"<rect x=\"{Left}\" y=\"{top}\" width=\"{Cell * steps}\" height=\"{Row * order.Length}\" fill=\"none\" "
            + "stroke=\"#999\"/>");
    }

    private static void Depth(StringBuilder svg, int[] depths)
    {
        string bars = string.Concat(
            depths.Select((depth, t) => depth == 0 ? string.Empty : $"M{Left + (Cell * t)} 88v{-6 * depth}h{Cell}v{6 * depth}z"));
        svg.AppendLine($"<path fill=\"#bbb\" d=\"{bars}\"/>");
        svg.AppendLine($"<text x=\"{Left - 8}\" y=\"87\" text-anchor=\"end\">depth</text>");
        svg.AppendLine(
            $"<text x=\"{Left + (Cell * depths.Length) + 6}\" y=\"{96 - (6 * depths.Max())}\" font-size=\"11\" "
            + $"fill=\"#777\">{depths.Max()} open</text>");
    }

    private static void Characters(StringBuilder svg, string text, int y)
    {
        svg.AppendLine($"<g font-family=\"monospace\" font-size=\"13\" text-anchor=\"middle\">");
        for (int t = 0; t < text.Length; t++)
        {
            string style = text[t] switch
            {
                '(' or ')' => " fill=\"#b2182b\" font-weight=\"bold\"",
                '[' or ']' => " fill=\"#2166ac\" font-weight=\"bold\"",
                _ => " fill=\"#777\"",
            };
            svg.Append(
                $"<text x=\"{Left + (Cell * t) + (Cell / 2)}\" y=\"{y}\"{style}>{(text[t] == ' ' ? '·' : text[t])}</text>");
        }

        svg.AppendLine().AppendLine("</g>");
    }

    private static void Legend(
        StringBuilder svg, int x, int top, int height, double from, double to, (int R, int G, int B)[] colours)
    {
        for (int level = 0; level < Levels; level++)
        {
            double step = (double)height / Levels;
            svg.Append(
                $"<rect x=\"{x}\" y=\"{top + height - ((level + 1) * step):f1}\" width=\"14\" height=\"{step + 0.4:f1}\" "
                + $"fill=\"{Colour(colours, (level + 0.5) / Levels)}\"/>");
        }

        svg.AppendLine($"<rect x=\"{x}\" y=\"{top}\" width=\"14\" height=\"{height}\" fill=\"none\" stroke=\"#999\"/>");
        foreach (double share in (double[])[0, 0.5, 1])
        {
            string number = (from + (share * (to - from))).ToString("0.##").Replace('-', '−');
            svg.AppendLine(
                $"<text x=\"{x + 20}\" y=\"{top + height - (share * (height - 9)):f0}\" font-size=\"11\">{number}</text>");
        }
    }

    private static string Colour((int R, int G, int B)[] colours, double share)
    {
        double place = share * (colours.Length - 1);
        int first = Math.Min((int)place, colours.Length - 2);
        int Mix(int a, int b) => (int)Math.Round(a + ((place - first) * (b - a)));
        (int R, int G, int B) a = colours[first], b = colours[first + 1];
        return $"#{Mix(a.R, b.R):x2}{Mix(a.G, b.G):x2}{Mix(a.B, b.B):x2}";
    }

    private static double Correlation(SequenceBatch<float> values, int unit, int[] depths)
    {
        double[] x = [.. depths.Select((_, t) => (double)values[0, t][unit])];
        double meanX = x.Average(), meanDepth = depths.Average();
        double Product(Func<int, double> a, Func<int, double> b) => Enumerable.Range(0, x.Length).Sum(t => a(t) * b(t));
        double X(int t) => x[t] - meanX;
        double D(int t) => depths[t] - meanDepth;
        return Product(X, D) / Math.Sqrt((Product(X, X) * Product(D, D)) + 1e-12);
    }
}
