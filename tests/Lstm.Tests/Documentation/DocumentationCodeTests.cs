using System.Runtime.Loader;
using System.Text.RegularExpressions;
using Lstm.Tests.Support;

namespace Lstm.Tests.Documentation;

/// <summary>
/// Compiles each C# block of the pages against the library as it was built, without its internals, and runs the programs.
/// </summary>
public class DocumentationCodeTests
{
    private static readonly string[] Languages = ["csharp", "output", "json", "python", "xml", ""];

    public static TheoryData<string> Pages
        => [.. DocumentationPage.Names.Where(
            name => DocumentationPage.Read(name).Blocks().Any(block => block.Language == "csharp"))];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Code_of_page_compiles_and_runs(string name)
    {
        IReadOnlyList<DocumentationProgram> programs = DocumentationProgram.Of(DocumentationPage.Read(name));
        string folder = Directory.CreateTempSubdirectory("lstm-docs-").FullName;
        try
        {
            List<string> messages = [];
            List<(DocumentationProgram Program, string Path)> runs = [];
            for (int i = 0; i < programs.Count; i++)
            {
                string path = Path.Combine(folder, $"Program{i}.dll");
                (IReadOnlyList<string> found, bool starts) = programs[i].Compile(path);
                messages.AddRange(found);
                if (starts && programs[i].Run)
                {
                    runs.Add((programs[i], path));
                }
            }

            Assert.True(messages.Count == 0, string.Join('\n', messages));
            Run(folder, runs);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Fences_have_known_languages_and_outputs_belong_to_programs()
        => Assert.All(DocumentationPage.Names, name =>
        {
            FencedBlock? last = null;
            foreach (FencedBlock block in DocumentationPage.Read(name).Blocks())
            {
                Assert.True(Languages.Contains(block.Language), $"{name}({block.Line}): unknown language '{block.Language}'");
                Assert.True(
                    block.Language != "output" || last?.Language == "csharp",
                    $"{name}({block.Line}): no program stands before it");
                last = block;
            }
        });

    [Fact]
    public void Compile_of_a_wrong_program_names_page_and_line()
    {
        DocumentationPage page = new("docs/wrong.md",
        [
            "<!-- code: given", "using Lstm;", "int given = 1;", "-->", "```csharp", "record R(int X);", "```", "text",
            "<!-- code: continues -->", "```csharp", "using System.Text;", "int a = given;", "string b = new R(a);", "```",
        ]);
        DocumentationProgram program = Assert.Single(DocumentationProgram.Of(page));
        string file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            (IReadOnlyList<string> messages, _) = program.Compile(file);
            Assert.Contains(messages, message => message.StartsWith("wrong.md(13): CS0029:", StringComparison.Ordinal));
        }
        finally
        {
            File.Delete(file);
        }
    }

    // A page's programs run one after the other in one process, in a folder of their own.
    private static void Run(string folder, List<(DocumentationProgram Program, string Path)> runs)
    {
        if (runs.Count == 0)
        {
            return;
        }

        ChildResult result = ChildProcess.Run(
            "documentation", [folder, .. runs.Select(run => run.Path)], timeout: TimeSpan.FromSeconds(300));
        int ended = result.Output.Count(line => line == EndMark);
        Assert.True(
            result.ExitCode == 0 && ended == runs.Count,
            $"{runs[Math.Min(ended, runs.Count - 1)].Program.Place}: {result.Error}\n{string.Join('\n', result.Output)}");
        string[][] outputs = [.. string.Join('\n', result.Output).Split(EndMark).Select(Lines)];
        Assert.All(runs.Index(), run =>
        {
            if (run.Item.Program.Output is { } expected)
            {
                Assert.True(
                    Lines(expected).SequenceEqual(outputs[run.Index]),
                    $"{run.Item.Program.Place} prints\n{string.Join('\n', outputs[run.Index])}");
            }
        });
    }

    private const string EndMark = "== end of program ==";

    [ChildScenario("documentation")]
    private static void RunPrograms(string[] arguments)
    {
        Environment.CurrentDirectory = arguments[0];
        foreach (string path in arguments[1..])
        {
            var main = AssemblyLoadContext.Default.LoadFromAssemblyPath(path).EntryPoint!;
            object? code = main.Invoke(null, main.GetParameters().Length == 0 ? null : [Array.Empty<string>()]);
            if (code is not (null or 0))
            {
                throw new InvalidOperationException($"The program ended with exit code {code}.");
            }

            Console.WriteLine();
            Console.WriteLine(EndMark);
        }
    }

    private static string[] Lines(string text)
        => [.. text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(line => Regex.Replace(line, @"\s+", " "))];
}
