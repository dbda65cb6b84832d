using System.Text.RegularExpressions;
using Lstm.Tests.Support;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Lstm.Tests.Architecture;

/// <summary>The rooms (folders of src/Lstm) of the compiled types, and which room uses which.</summary>
internal sealed class CompiledRooms
{
    private static readonly string Source = Path.Combine(Shared.Repository, "src", "Lstm");

    private readonly Dictionary<string, string> _roomOfType = [];
    private readonly HashSet<(string User, string Used)> _pairs = [];

    public CompiledRooms()
    {
        string file = typeof(Network).Assembly.Location;
        using ModuleDefinition module = ModuleDefinition.ReadModule(file, new ReaderParameters { ReadSymbols = true });
        TypeDefinition[] types = [.. module.Types.Where(type => type.Name != "<Module>" && !IsGenerated(type))];
        foreach (TypeDefinition type in types)
        {
            if (RoomOf(type) is { } room)
            {
                _roomOfType[type.FullName] = room;
            }
        }

        foreach (TypeDefinition type in types)
        {
            Read(type);
        }

        BasesThatNameSubclasses = [.. types.Where(type => type.BaseType is not null)
            .Where(type => _pairs.Contains((type.BaseType.GetElementType().FullName, type.FullName)))
            .Select(type => $"{type.BaseType.Name} names {type.Name}")];
    }

    /// <summary>The base classes whose code or members name one of their subclasses.</summary>
    public IReadOnlyList<string> BasesThatNameSubclasses { get; }

    /// <summary>Each use of a type in another room: the room and type that use, the room and type used.</summary>
    public HashSet<Use> Uses { get; } = [];

    /// <summary>The folders of src/Lstm that hold source files, the root being ".".</summary>
    public static IEnumerable<string> Folders => Directory.EnumerateFiles(Source, "*.cs", SearchOption.AllDirectories)
        .Select(file => Path.GetRelativePath(Source, Path.GetDirectoryName(file)!).Replace('\\', '/'))
        .Where(folder => folder.Split('/')[0] is not ("bin" or "obj"))
        .Distinct();

    private static bool IsGenerated(TypeDefinition type)
        => type.Name.StartsWith('<') || type.Namespace is "Microsoft.CodeAnalysis" or "System.Runtime.CompilerServices";

    // A type without code (an enum, an interface) has no place in the symbols: its file is found by its declaration.
    private static string? RoomOf(TypeDefinition type)
    {
        string? path = Methods(type).SelectMany(method => method.DebugInformation.SequencePoints)
            .Select(point => point.Document.Url.Replace('\\', '/')).FirstOrDefault(url => url.Contains("src/Lstm/"));
        path ??= FileOfDeclaration(type.Name.Split('`')[0]);
        return path is null ? null
            : Folder(path[(path.LastIndexOf("src/Lstm/", StringComparison.Ordinal) + "src/Lstm/".Length)..]);
    }

    private static string Folder(string path)
        => Path.GetDirectoryName(path) is { Length: > 0 } folder ? folder.Replace('\\', '/') : ".";

    private static string? FileOfDeclaration(string name)
    {
        string pattern = $@"^(public|internal)[\w ]* (struct|record|enum|interface|class|delegate[\w <>]*) {name}\b";
        Regex declaration = new(pattern, RegexOptions.Multiline);
        return Directory.EnumerateFiles(Source, "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}"))
            .FirstOrDefault(file => declaration.IsMatch(File.ReadAllText(file)))?.Replace('\\', '/');
    }

    private static IEnumerable<MethodDefinition> Methods(TypeDefinition type)
        => type.Methods.Concat(type.NestedTypes.SelectMany(Methods));

    private void Read(TypeDefinition type)
    {
        Add(type, type.BaseType);
        Add(type, type.GenericParameters);
        IEnumerable<TypeReference?> interfaces = type.Interfaces.Select(i => i.InterfaceType);
        foreach (TypeReference? other in interfaces.Concat(type.Fields.Select(field => field.FieldType)))
        {
            Add(type, other);
        }

        foreach (MethodDefinition method in type.Methods)
        {
            Add(type, method.ReturnType);
            Add(type, method.GenericParameters);
            foreach (TypeReference other in method.Parameters.Select(parameter => parameter.ParameterType))
            {
                Add(type, other);
            }

            if (method.HasBody)
            {
                Read(type, method.Body);
            }
        }

        foreach (TypeDefinition nested in type.NestedTypes)
        {
            Read(nested);
        }
    }

    private void Read(TypeDefinition type, MethodBody body)
    {
        foreach (VariableDefinition variable in body.Variables)
        {
            Add(type, variable.VariableType);
        }

        foreach (Instruction instruction in body.Instructions)
        {
            switch (instruction.Operand)
            {
                case TypeReference other:
                    Add(type, other);
                    break;
                case MemberReference member:
                    Add(type, member.DeclaringType);
                    foreach (TypeReference argument in (member as GenericInstanceMethod)?.GenericArguments ?? [])
                    {
                        Add(type, argument);
                    }

                    break;
            }
        }
    }

    private void Add(TypeDefinition user, IEnumerable<GenericParameter> parameters)
    {
        foreach (GenericParameterConstraint constraint in parameters.SelectMany(parameter => parameter.Constraints))
        {
            Add(user, constraint.ConstraintType);
        }
    }

    private void Add(TypeDefinition user, TypeReference? used)
    {
        switch (used)
        {
            case null or GenericParameter:
                return;
            case GenericInstanceType instance:
                Add(user, instance.ElementType);
                foreach (TypeReference argument in instance.GenericArguments)
                {
                    Add(user, argument);
                }

                return;
            case TypeSpecification specification:
                Add(user, specification.ElementType);
                return;
        }

        (string from, string to) = (Outermost(user).FullName, Outermost(used).FullName);
        _pairs.Add((from, to));
        if (_roomOfType.TryGetValue(from, out string? room) && _roomOfType.TryGetValue(to, out string? other) && room != other)
        {
            Uses.Add(new(room, other, Outermost(user).Name, Outermost(used).Name));
        }
    }

    private static TypeReference Outermost(TypeReference type)
    {
        while (type.DeclaringType is { } outer)
        {
            type = outer;
        }

        return type;
    }

    internal readonly record struct Use(string Room, string UsedRoom, string Type, string UsedType)
    {
        public override string ToString() => $"{Room} uses {UsedRoom}: {Type} uses {UsedType}";
    }
}
