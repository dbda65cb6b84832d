using System.CommandLine;
using Spectre.Console;

namespace Lstm.Tool;

/// <summary>The commands, their arguments and options, and what the shell is told at the end.</summary>
internal sealed class Commands(IAnsiConsole output, IAnsiConsole errors)
{
    private readonly Argument<string> _model = new("model") { Description = "The model file." };

    private readonly Option<bool> _double = new("--double")
    {
        Description = "Computes and writes in float64. Without it, values of float64 are rounded to float32.",
    };

    private readonly Option<string[]> _parts = new("--part")
    {
        Description = "The name of a layer, module or node to read, when the rest cannot be expressed; several in order.",
    };

    private readonly Option<string?> _layers = new("--layers")
    {
        Description = "A JSON file with the layers of a file that has tensors alone (see LayerSpecJson).",
    };

    private readonly Option<string?> _architecture = new("--architecture")
    {
        Description = "The JSON file with the architecture that belongs to a Keras file of weights.",
    };

    /// <summary>Runs a command line.</summary>
    /// <returns>0; 1 if a file cannot be read, converted or run; 2 for a wrong command line.</returns>
    public int Run(IReadOnlyList<string> arguments)
    {
        RootCommand root = new("Looks into LSTM model files, converts them, and runs them on NumPy arrays.")
        {
            Inspect(), Convert(), Execute(),
        };
        ParseResult parsed = root.Parse(arguments);
        int code = parsed.Invoke();
        return parsed.Errors.Count > 0 ? 2 : code;
    }

    private Command Inspect()
    {
        Option<bool> statistics = new("--statistics")
        {
            Description = "Adds the least, the mean and the largest value of each tensor.",
        };
        Command command = new("inspect", "Shows the tensors of a file, the network that it makes, and what each tensor becomes.")
        {
            _model, _double, _parts, _layers, _architecture, statistics,
        };
        command.SetAction(parsed => Guard(() => new InspectCommand(output).Run(Request(parsed), parsed.GetValue(statistics))));
        return command;
    }

    private Command Convert()
    {
        Argument<string> target = new("output") { Description = "The file to write: .safetensors, .onnx or .npz." };
        Option<bool> lengths = new("--lengths") { Description = "Gives an ONNX file an input for the lengths of the sequences." };
        Option<bool> states = new("--states")
        {
            Description = "Gives an ONNX file inputs and outputs for the states, so that it runs step by step.",
        };
        Command command = new("convert", "Reads a model and writes it in another format, which the output's extension names.")
        {
            _model, target, _double, _parts, _layers, _architecture, lengths, states,
        };
        command.SetAction(parsed => Guard(() => new ConvertCommand(output).Run(
            Request(parsed), parsed.GetValue(target)!, parsed.GetValue(lengths), parsed.GetValue(states))));
        return command;
    }

    private Command Execute()
    {
        Argument<string> input = new("input")
        {
            Description = "A .npy file: [steps, features], [sequences, steps, features], or ids [steps], [sequences, steps].",
        };
        Argument<string> target = new("output") { Description = "The .npy file to write." };
        Option<string?> lengths = new("--lengths") { Description = "A .npy file with the steps of each sequence, [sequences]." };
        Option<int> batch = new("--batch")
        {
            Description = "Sequences that run at once. The results do not depend on it.",
            DefaultValueFactory = _ => 32,
        };
        batch.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
            {
                result.AddError("--batch has to be at least 1.");
            }
        });
        Command command = new("run", "Runs a model on the sequences of a NumPy array.")
        {
            _model, input, target, _double, _parts, _layers, _architecture, lengths, batch,
        };
        command.SetAction(parsed => Guard(() => new RunCommand(output, errors).Run(
            Request(parsed), parsed.GetValue(input)!, parsed.GetValue(target)!, parsed.GetValue(lengths),
            parsed.GetValue(batch))));
        return command;
    }

    private ModelRequest Request(ParseResult parsed) => new(
        parsed.GetValue(_model)!, parsed.GetValue(_double), parsed.GetValue(_parts) ?? [], parsed.GetValue(_layers),
        parsed.GetValue(_architecture));

    private int Guard(Action run)
    {
        try
        {
            run();
            return 0;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or ArgumentException or NotSupportedException
            or UnauthorizedAccessException)
        {
            errors.MarkupLineInterpolated($"[red]{e.Message}[/]");
            return 1;
        }
    }
}
