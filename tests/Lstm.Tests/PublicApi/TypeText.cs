using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Lstm.Tests.PublicApi;

/// <summary>Types, parameters and constraints written as in C#, with nullability.</summary>
internal static class TypeText
{
    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void",
        [typeof(object)] = "object",
        [typeof(string)] = "string",
        [typeof(bool)] = "bool",
        [typeof(char)] = "char",
        [typeof(byte)] = "byte",
        [typeof(sbyte)] = "sbyte",
        [typeof(short)] = "short",
        [typeof(ushort)] = "ushort",
        [typeof(int)] = "int",
        [typeof(uint)] = "uint",
        [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(float)] = "float",
        [typeof(double)] = "double",
        [typeof(decimal)] = "decimal",
        [typeof(nint)] = "nint",
        [typeof(nuint)] = "nuint",
    };

    public static bool Has<TAttribute>(ICustomAttributeProvider member) => member.IsDefined(typeof(TAttribute), inherit: false);

    public static string Typed(FieldInfo field) => Name(field.FieldType, new NullabilityInfoContext().Create(field));

    public static string Typed(EventInfo happening) =>
        Name(happening.EventHandlerType!, new NullabilityInfoContext().Create(happening));

    public static string Typed(PropertyInfo property) =>
        Reference(property.PropertyType, Has<IsReadOnlyAttribute>(property)) +
        Name(property.PropertyType, new NullabilityInfoContext().Create(property));

    /// <summary>The type of a parameter or of a return value.</summary>
    public static string Typed(ParameterInfo parameter)
    {
        string reference = parameter.Position < 0 ? Reference(parameter.ParameterType, Has<IsReadOnlyAttribute>(parameter))
            : !parameter.ParameterType.IsByRef ? "" : parameter.IsOut ? "out "
            : Has<RequiresLocationAttribute>(parameter) ? "ref readonly " : parameter.IsIn ? "in " : "ref ";
        return reference + Name(parameter.ParameterType, new NullabilityInfoContext().Create(parameter));
    }

    public static string ParameterList(MethodBase method) =>
        (Has<ExtensionAttribute>(method) ? "this " : "") + string.Join(", ", method.GetParameters().Select(Parameter));

    public static string Parameter(ParameterInfo parameter)
    {
        bool many = Has<ParamArrayAttribute>(parameter) || Has<ParamCollectionAttribute>(parameter);
        string value = parameter.HasDefaultValue ? " = " + Literal(parameter.RawDefaultValue) : "";
        return (many ? "params " : "") + Typed(parameter) + " " + parameter.Name + value;
    }

    public static string Literal(object? value) => value switch
    {
        null => "default",
        string text => $"\"{text}\"",
        bool flag => flag ? "true" : "false",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    public static string Name(Type type, NullabilityInfo? nullability = null)
    {
        if (type.IsByRef)
        {
            return Name(type.GetElementType()!, nullability?.ElementType ?? nullability);
        }

        // Of a type parameter it is not told apart from "may be null because its argument may".
        string mark = !type.IsValueType && !type.IsGenericParameter && nullability?.ReadState == NullabilityState.Nullable
            ? "?" : "";
        if (type.IsPointer)
        {
            return Name(type.GetElementType()!) + "*";
        }

        if (type.IsArray)
        {
            string rank = new(',', type.GetArrayRank() - 1);
            return Name(type.GetElementType()!, nullability?.ElementType) + $"[{rank}]" + mark;
        }

        Type[] arguments = type.GetGenericArguments();
        NullabilityInfo[]? inner = nullability?.GenericTypeArguments;
        if (Nullable.GetUnderlyingType(type) is Type underlying)
        {
            return Name(underlying, inner is [NullabilityInfo one] ? one : null) + "?";
        }

        IEnumerable<string> names = arguments.Select((argument, i) => Name(argument, i < inner?.Length ? inner[i] : null));
        if (type.Namespace == "System" && type.Name.StartsWith("ValueTuple`"))
        {
            return $"({string.Join(", ", names)})";
        }

        return (Keywords.GetValueOrDefault(type) ?? BareName(type))
            + (arguments.Length == 0 ? "" : $"<{string.Join(", ", names)}>") + mark;
    }

    /// <summary>The name without type arguments; nested types after their outer one.</summary>
    public static string BareName(Type type)
    {
        string name = type.Name.Split('`')[0];
        return type.IsNested && !type.IsGenericParameter ? BareName(type.DeclaringType!) + "." + name : name;
    }

    public static string Arguments(Type[] arguments) =>
        arguments.Length == 0 ? "" : $"<{string.Join(", ", arguments.Select(argument => argument.Name))}>";

    public static string Constraints(Type[] arguments) => string.Concat(arguments.Select(Constraint));

    private static string Constraint(Type argument)
    {
        if (!argument.IsGenericParameter)
        {
            return "";
        }

        GenericParameterAttributes attributes = argument.GenericParameterAttributes;
        bool value = attributes.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint);
        bool unmanaged = argument.CustomAttributes.Any(attribute => attribute.AttributeType.Name == "IsUnmanagedAttribute");
        List<string> parts = [];
        if (value)
        {
            parts.Add(unmanaged ? "unmanaged" : "struct");
        }
        else if (attributes.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint))
        {
            parts.Add("class");
        }

        parts.AddRange(
            argument.GetGenericParameterConstraints().Where(type => type != typeof(ValueType)).Select(type => Name(type)));
        if (!value && attributes.HasFlag(GenericParameterAttributes.DefaultConstructorConstraint))
        {
            parts.Add("new()");
        }

        if (attributes.HasFlag(GenericParameterAttributes.AllowByRefLike))
        {
            parts.Add("allows ref struct");
        }

        return parts.Count == 0 ? "" : $" where {argument.Name} : {string.Join(", ", parts)}";
    }

    private static string Reference(Type type, bool readOnly) => !type.IsByRef ? "" : readOnly ? "ref readonly " : "ref ";
}
