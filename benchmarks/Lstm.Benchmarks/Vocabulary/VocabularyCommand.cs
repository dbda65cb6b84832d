using System.CommandLine;

namespace Lstm.Benchmarks.Vocabulary;

/// <summary>The command line of <c>vocabulary</c>.</summary>
internal static class VocabularyCommand
{
    public static int Run(string[] args)
    {
        Option<int> vocabulary = new("--vocabulary") { Description = "Words.", DefaultValueFactory = _ => 10_000 };
        Option<int> hidden = new("--hidden")
        {
            Description = "Units of each layer, and of the embedding.",
            DefaultValueFactory = _ => 200,
        };
        Option<int> batch = new("--batch") { Description = "Sequences.", DefaultValueFactory = _ => 20 };
        Option<int> steps = new("--steps") { Description = "Steps of each sequence.", DefaultValueFactory = _ => 20 };
        Option<int> threads = new("--threads") { Description = "Workers of the tape.", DefaultValueFactory = _ => 1 };
        Option<int> iterations = new("--iterations")
        {
            Description = "Iterations timed of each way.",
            DefaultValueFactory = _ => 25,
        };
        Option<bool> inDouble = new("--double") { Description = "Compute in double instead of float." };
        RootCommand command = new("Times the training pass of a word model, against the multiply-add peak around each iteration.")
        {
            vocabulary, hidden, batch, steps, threads, iterations, inDouble,
        };
        command.SetAction(parsed =>
        {
            WordModel model = new(
                parsed.GetValue(vocabulary), parsed.GetValue(hidden), parsed.GetValue(batch), parsed.GetValue(steps),
                parsed.GetValue(threads), parsed.GetValue(iterations));
            if (parsed.GetValue(inDouble))
            {
                model.Run<double>();
            }
            else
            {
                model.Run<float>();
            }

            return 0;
        });
        return command.Parse(args).Invoke();
    }
}
