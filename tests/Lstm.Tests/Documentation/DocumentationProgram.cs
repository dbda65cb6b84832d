using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace Lstm.Tests.Documentation;

/// <summary>A C# program of a page: one block with what is given above it, or several blocks that continue each other.</summary>
/// <param name="Page">The page.</param>
/// <param name="Line">The line of the first block.</param>
/// <param name="Parts">The texts of the program, each with the number of its first line.</param>
/// <param name="Run">Whether the program is run.</param>
/// <param name="Output">The text of the block <c>output</c> that follows, or null.</param>
internal sealed record DocumentationProgram(
    DocumentationPage Page, int Line, IReadOnlyList<(int Line, string Text)> Parts, bool Run, string? Output)
{
    private static readonly string[] Kinds = ["given", "continues", "not run"];

    // Those of a console project with ImplicitUsings.
    private const string ImplicitUsings =
        """
        global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq;
        global using System.Net.Http; global using System.Threading; global using System.Threading.Tasks;
        """;

    private static readonly CSharpParseOptions Syntax = new(LanguageVersion.CSharp14);

    /// <summary>Where the program stands: page and line.</summary>
    public string Place => $"{Page.Name}({Line})";

    /// <summary>The programs of a page in their order.</summary>
    public static IReadOnlyList<DocumentationProgram> Of(DocumentationPage page)
    {
        List<DocumentationProgram> programs = [];
        foreach (FencedBlock block in page.Blocks())
        {
            if (block.Language == "output" && programs.Count > 0)
            {
                programs[^1] = programs[^1] with { Output = block.Text };
                continue;
            }

            Assert.True(
                block.Language == "csharp" || block.Marks.Count == 0,
                $"{page.Name}({block.Line}): marks stand above csharp only");
            Assert.All(block.Marks, mark => Assert.Contains(mark.Kind, Kinds));
            if (block.Language != "csharp")
            {
                continue;
            }

            List<(int, string)> parts =
            [
                .. block.Marks.Where(mark => mark.Kind == "given").Select(mark => (mark.Line, mark.Text)),
                (block.Line, block.Text),
            ];
            bool run = !block.Marks.Any(mark => mark.Kind == "not run");
            if (block.Marks.Any(mark => mark.Kind == "continues"))
            {
                Assert.True(programs.Count > 0, $"{page.Name}({block.Line}): no block stands before it");
                DocumentationProgram last = programs[^1];
                programs[^1] = last with { Parts = [.. last.Parts, .. parts], Run = last.Run && run };
            }
            else
            {
                programs.Add(new DocumentationProgram(page, block.Line, parts, run, null));
            }
        }

        return programs;
    }

    /// <summary>Compiles the program to a file, against the library as it was built.</summary>
    /// <returns>Errors and warnings with their places in the page, and whether the program can be started.</returns>
    public (IReadOnlyList<string> Messages, bool HasEntryPoint) Compile(string path)
    {
        string source = Source();
        SyntaxTree[] trees =
        [
            CSharpSyntaxTree.ParseText(SourceText.From(ImplicitUsings), Syntax),
            CSharpSyntaxTree.ParseText(SourceText.From(source), Syntax, Page.FilePath),
        ];
        bool starts = trees[1].GetRoot().ChildNodes().OfType<GlobalStatementSyntax>().Any();
        CSharpCompilation compilation = CSharpCompilation.Create(
            Path.GetFileNameWithoutExtension(path), trees, References(),
            new CSharpCompilationOptions(
                starts ? OutputKind.ConsoleApplication : OutputKind.DynamicallyLinkedLibrary,
                optimizationLevel: OptimizationLevel.Release,
                nullableContextOptions: NullableContextOptions.Enable));
        using FileStream file = File.Create(path);
        IEnumerable<Diagnostic> diagnostics = compilation.Emit(file).Diagnostics
            .Where(diagnostic => diagnostic.Severity >= DiagnosticSeverity.Warning);
        return ([.. diagnostics.Select(Message)], starts);
    }

    private static MetadataReference[] References()
        => [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(file => Path.GetFileName(file) is { } name && (name.StartsWith("System.", StringComparison.Ordinal)
                || name.StartsWith("Microsoft.Extensions.Configuration", StringComparison.Ordinal)
                || name is "Lstm.dll" or "Lstm.Onnx.dll" or "Lstm.Keras.dll" or "System.dll" or "netstandard.dll"
                or "mscorlib.dll"))
            .Select(file => MetadataReference.CreateFromFile(file))];

    private static string Message(Diagnostic diagnostic)
    {
        FileLinePositionSpan place = diagnostic.Location.GetMappedLineSpan();
        string page = Path.GetFileName(place.Path);
        return $"{page}({place.StartLinePosition.Line + 1}): {diagnostic.Id}: {diagnostic.GetMessage()}";
    }

    // One file has its directives first, then its statements, then its types; each keeps the number of its line.
    private string Source()
    {
        List<(int Kind, string Text)> pieces = [];
        HashSet<string> directives = [];
        foreach ((int line, string text) in Parts)
        {
            CompilationUnitSyntax unit = CSharpSyntaxTree.ParseText(text, Syntax).GetCompilationUnitRoot();
            foreach (SyntaxNode node in unit.ChildNodes())
            {
                string piece = node.ToFullString();
                int kind = node is UsingDirectiveSyntax ? 0 : node is GlobalStatementSyntax ? 1 : 2;
                if (kind > 0 || directives.Add(piece.Trim()))
                {
                    int first = unit.SyntaxTree.GetLineSpan(node.FullSpan).StartLinePosition.Line + line;
                    pieces.Add((kind, $"#line {first} \"{Page.FilePath}\"\n{piece}\n"));
                }
            }
        }

        return string.Concat(pieces.OrderBy(piece => piece.Kind).Select(piece => piece.Text));
    }
}
