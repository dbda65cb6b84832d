#:package Microsoft.CodeAnalysis.CSharp
#:property PublishAot=false

// Measures the source tree and prints a table; ends with exit code 1 if a limit is passed.
// dotnet run tests/measures.cs

using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

const int TypeLines = 350;
const int LstmLayerLines = 150;
const int MethodLines = 60;
const int KernelMethodLines = 80;

string repository = AppContext.GetData("EntryPointFileDirectoryPath") as string is { } folder
    ? Path.GetDirectoryName(folder)!
    : Environment.CurrentDirectory;
string style = File.ReadAllText(Path.Combine(repository, ".editorconfig"));
int lineLimit = int.Parse(Regex.Match(style, @"max_line_length = (\d+)").Groups[1].Value);
string source = Path.Combine(repository, "src", "Lstm");
List<(string Path, string[] Lines, SyntaxNode Root)> files =
    [.. Files(source).AsParallel().AsOrdered()
        .Select(file => (Path.GetRelativePath(source, file).Replace('\\', '/'), File.ReadAllLines(file), Parse(file)))];

// A type's lines are those from its first attribute to its last brace in all its files, nested types with it; documentation
// comments before it are left out.
var types = files.SelectMany(file => file.Root.DescendantNodes().OfType<BaseTypeDeclarationSyntax>()
        .Where(type => type.Parent is not BaseTypeDeclarationSyntax)
        .Select(type => (Key: (NamespaceOf(type), Name: type.Identifier.Text + Arity(type)), file.Path, Lines: LineCount(type))))
    .GroupBy(type => type.Key)
    .Select(group => (group.Key.Name, Lines: group.Sum(part => part.Lines),
        Files: group.Select(part => part.Path).Distinct().Count(), group.First().Path))
    .OrderByDescending(type => type.Lines).ToList();
var methods = files.SelectMany(file => file.Root.DescendantNodes()
        .Where(node => node is BaseMethodDeclarationSyntax or AccessorDeclarationSyntax)
        .Select(method => (Name: NameOf(method), file.Path, Lines: LineCount(method), Limit: LimitOf(file.Path))))
    .OrderByDescending(method => method.Lines - method.Limit).ToList();
var longLines = Files(repository)
    .SelectMany(file => File.ReadLines(file).Select(line => (File: Path.GetRelativePath(repository, file), line.Length)))
    .Where(line => line.Length > lineLimit).ToList();
var unsafeFiles = files.Where(file => file.Root.DescendantTokens().Any(token => token.IsKind(SyntaxKind.UnsafeKeyword))).ToList();
List<string> unexplained = [.. unsafeFiles
    .Where(file => !file.Lines.Any(line => line.TrimStart().StartsWith("// SAFETY:", StringComparison.Ordinal)))
    .Select(file => file.Path)];
List<string[]> rooms = [.. File.ReadLines(Path.Combine(repository, "docs", "architecture.md"))
    .SkipWhile(line => !line.StartsWith("| room |", StringComparison.Ordinal)).Skip(2)
    .TakeWhile(line => line.StartsWith('|'))
    .Select(line => line.Split('|'))
    .Select(cells => Regex.Matches(cells[1] + cells[3], "`([^`]+)`").Select(name => name.Groups[1].Value).ToArray())];
List<string> againstOrder = [.. rooms.SelectMany((row, i) => row.Skip(1)
    .Where(used => !rooms.Take(i).Any(above => above[0] == used)).Select(used => $"{row[0]} uses {used}"))];
int codeLines = files.AsParallel().Sum(file => CodeLines(file.Root, file.Lines.Length));

bool failed = false;
Console.WriteLine("| measure | value | limit |\n|---|--:|--:|");
Print("lines of the largest type, all its files", types[0].Lines, TypeLines, types.Where(type => type.Lines > TypeLines)
    .Select(type => $"{type.Name} {type.Lines} in {type.Files} files ({type.Path})"));
Print("lines of LstmLayer", types.First(type => type.Name == "LstmLayer`1").Lines, LstmLayerLines, []);
Print("methods over their limit (60 lines, kernels 80)", methods.Count(method => method.Lines > method.Limit), 0,
    methods.Where(method => method.Lines > method.Limit).Select(method => $"{method.Name} {method.Lines} ({method.Path})"));
Print($"lines over {lineLimit} columns", longLines.Count, 0, longLines.GroupBy(line => line.File)
    .Select(group => $"{group.Key} {group.Count()}"));
Print($"files with `unsafe` and no SAFETY comment, of {unsafeFiles.Count}", unexplained.Count, 0, unexplained);
Print($"uses of {rooms.Count} rooms against their order, in docs/architecture.md", againstOrder.Count, 0, againstOrder);
Print("types in several files", types.Count(type => type.Files > 1), null, types.Where(type => type.Files > 1)
    .Select(type => $"{type.Name} {type.Files}"));
Print("code lines of src/Lstm, comments and blank lines apart", codeLines, null, []);
return failed ? 1 : 0;

void Print(string what, int value, int? limit, IEnumerable<string> details)
{
    failed |= value > limit;
    Console.WriteLine($"| {what} | {value} | {limit} |");
    if (args.Contains("--all") || value > limit)
    {
        foreach (string detail in details.Take(args.Contains("--all") ? int.MaxValue : 20))
        {
            Console.Error.WriteLine($"  {detail}");
        }
    }
}

static IEnumerable<string> Files(string folder) => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
    .Where(file => !Regex.IsMatch(file, @"[/\\](bin|obj)[/\\]")).Order(StringComparer.Ordinal);

static int LimitOf(string path) => path.StartsWith("Kernels/") ? KernelMethodLines : MethodLines;

static SyntaxNode Parse(string file)
    => CSharpSyntaxTree.ParseText(File.ReadAllText(file), new CSharpParseOptions(LanguageVersion.Preview)).GetRoot();

static int LineCount(SyntaxNode node)
{
    FileLinePositionSpan span = node.SyntaxTree.GetLineSpan(node.Span);
    return span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
}

static string Arity(BaseTypeDeclarationSyntax type)
    => type is TypeDeclarationSyntax { TypeParameterList.Parameters.Count: > 0 and int count } ? $"`{count}" : "";

static string NamespaceOf(BaseTypeDeclarationSyntax type)
    => (type.Parent as BaseNamespaceDeclarationSyntax)?.Name.ToString() ?? "";

static string NameOf(SyntaxNode member)
{
    string type = member.FirstAncestorOrSelf<BaseTypeDeclarationSyntax>()?.Identifier.Text ?? "";
    return type + "." + member switch
    {
        MethodDeclarationSyntax method => method.Identifier.Text,
        AccessorDeclarationSyntax { Parent.Parent: PropertyDeclarationSyntax property } => property.Identifier.Text,
        AccessorDeclarationSyntax => "accessor",
        OperatorDeclarationSyntax or ConversionOperatorDeclarationSyntax => "operator",
        _ => "constructor",
    };
}

// A line counts if a token of the code begins, ends or goes on in it.
static int CodeLines(SyntaxNode root, int lines)
{
    bool[] hasCode = new bool[lines + 1];
    foreach (SyntaxToken token in root.DescendantTokens().Where(token => token.Span.Length > 0))
    {
        FileLinePositionSpan span = root.SyntaxTree.GetLineSpan(token.Span);
        Array.Fill(hasCode, true, span.StartLinePosition.Line, span.EndLinePosition.Line - span.StartLinePosition.Line + 1);
    }

    return hasCode.Count(line => line);
}
