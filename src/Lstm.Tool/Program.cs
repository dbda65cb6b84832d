using Lstm.Tool;
using Spectre.Console;

IAnsiConsole output = AnsiConsole.Console;
if (Console.IsOutputRedirected)
{
    // A table in a file is not cut to the width of a screen.
    output.Profile.Width = 200;
}

IAnsiConsole errors = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
if (Console.IsErrorRedirected)
{
    errors.Profile.Width = 1000;
}

return new Commands(output, errors).Run(args);
