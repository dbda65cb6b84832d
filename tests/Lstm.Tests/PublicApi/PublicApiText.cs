using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using static Lstm.Tests.PublicApi.TypeText;

namespace Lstm.Tests.PublicApi;

/// <summary>A public surface as text, one line per type and member, in an order that does not move.</summary>
/// <remarks>
/// Types by full name; in each, members by kind (constants and fields, constructors, properties, events, methods), name and
/// text; an enum's by value. What the compiler makes by itself (the equality members of records and the like) is left out.
/// </remarks>
internal static class PublicApiText
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static string Of(IEnumerable<Type> types)
    {
        var text = new StringBuilder();
        foreach (Type type in types.OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            text.Append(Header(type)).Append('\n');
            foreach (string line in Members(type))
            {
                text.Append("    ").Append(line).Append('\n');
            }

            text.Append('\n');
        }

        return text.ToString().TrimEnd('\n') + "\n";
    }

    private static string Header(Type type)
    {
        string name = type.Namespace + "." + Name(type);
        if (type.IsEnum)
        {
            return $"enum {name} : {Name(Enum.GetUnderlyingType(type))}";
        }

        if (type.IsSubclassOf(typeof(Delegate)))
        {
            MethodInfo invoke = type.GetMethod("Invoke")!;
            return $"delegate {Typed(invoke.ReturnParameter)} "
                + $"{name}({ParameterList(invoke)}){Constraints(type.GetGenericArguments())}";
        }

        bool record = type.GetMethod("<Clone>$", Declared) is not null ||
            (type.IsValueType && type.GetMethod("PrintMembers", Declared) is not null);
        string kind = type.IsInterface ? "interface " : type.IsValueType
            ? (Has<IsReadOnlyAttribute>(type) ? "readonly " : "") + (type.IsByRefLike ? "ref " : "") + (record ? "record " : "")
                + "struct "
            : (type.IsAbstract && type.IsSealed ? "static " : type.IsAbstract ? "abstract " : type.IsSealed ? "sealed " : "") +
                (record ? "record " : "class ");
        return kind + name + Bases(type, record) + Constraints(type.GetGenericArguments());
    }

    private static string Bases(Type type, bool record)
    {
        Type? parent = type.BaseType;
        bool shown = parent is not null && parent != typeof(object) && parent != typeof(ValueType);
        IEnumerable<Type> inherited = (parent?.GetInterfaces() ?? [])
            .Concat(type.GetInterfaces().SelectMany(face => face.GetInterfaces()));
        IEnumerable<string> faces = type.GetInterfaces().Except(inherited).Where(face => face.IsVisible)
            .Where(face => !(record && face.IsGenericType && face.GetGenericTypeDefinition() == typeof(IEquatable<>)))
            .Select(face => Name(face)).Order(StringComparer.Ordinal);
        string[] all = [.. shown ? [Name(parent!)] : Array.Empty<string>(), .. faces];
        return all.Length == 0 ? "" : " : " + string.Join(", ", all);
    }

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsSubclassOf(typeof(Delegate)))
        {
            return [];
        }

        IEnumerable<MemberInfo> members = type.GetMembers(Declared)
            .Where(member => member is not Type && !Has<CompilerGeneratedAttribute>(member) && member.Name != "EqualityContract");
        return members.Select(member => (Order: KindOrder(member), member.Name, Text: Text(member)))
            .Where(line => line.Text is not null).OrderBy(line => line.Order).ThenBy(line => line.Name, StringComparer.Ordinal)
            .ThenBy(line => line.Text, StringComparer.Ordinal).Select(line => line.Text!);
    }

    private static long KindOrder(MemberInfo member) => member switch
    {
        FieldInfo { DeclaringType.IsEnum: true, IsLiteral: true } field => Convert.ToInt64(field.GetRawConstantValue()),
        FieldInfo => 0,
        ConstructorInfo => 1,
        PropertyInfo => 2,
        EventInfo => 3,
        _ => 4,
    };

    private static string? Text(MemberInfo member)
    {
        switch (member)
        {
            case FieldInfo field when Access(field) is string access && !field.IsSpecialName:
                if (field.DeclaringType!.IsEnum)
                {
                    return $"{field.Name} = {field.GetRawConstantValue()}";
                }

                string modifier = field.IsLiteral ? "const "
                    : (field.IsStatic ? "static " : "") + (field.IsInitOnly ? "readonly " : "");
                string value = field.IsLiteral ? " = " + Literal(field.GetRawConstantValue()) : "";
                return access + Required(field) + modifier + Typed(field) + " " + field.Name + value;
            case ConstructorInfo constructor when Access(constructor) is string access && !constructor.IsStatic:
                return $"{access}{constructor.DeclaringType!.Name.Split('`')[0]}({ParameterList(constructor)})";
            case PropertyInfo property:
                return Property(property);
            case EventInfo happening when Access(happening.AddMethod!) is string access:
                return $"{access}event {Typed(happening)} {happening.Name}";
            case MethodInfo method when Access(method) is string access
                && (!method.IsSpecialName || method.Name.StartsWith("op_")):
                return access + Modifiers(method) + Typed(method.ReturnParameter) + " " + method.Name +
                    Arguments(method.GetGenericArguments()) + $"({ParameterList(method)})"
                    + Constraints(method.GetGenericArguments());
            default:
                return null;
        }
    }

    private static string? Property(PropertyInfo property)
    {
        MethodInfo? get = property.GetMethod, set = property.SetMethod;
        string? getAccess = get is null ? null : Access(get), setAccess = set is null ? null : Access(set);
        if ((getAccess ?? setAccess) is not string access)
        {
            return null;
        }

        bool init = set?.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ?? false;
        string accessors = (getAccess is null ? "" : "get; ") +
            (setAccess is null ? "" : (setAccess == access ? "" : setAccess) + (init ? "init; " : "set; "));
        string index = property.GetIndexParameters().Length == 0 ? property.Name
            : $"this[{string.Join(", ", property.GetIndexParameters().Select(TypeText.Parameter))}]";
        return access + Required(property) + Modifiers((getAccess is null ? set : get)!) + Typed(property) + " " + index
            + $" {{ {accessors}}}";
    }

    private static string Required(MemberInfo member) => Has<RequiredMemberAttribute>(member) ? "required " : "";

    private static string Modifiers(MethodInfo method)
    {
        string text = method.IsStatic ? "static " : "";
        if (method.DeclaringType!.IsInterface)
        {
            return text + (method.IsAbstract ? (method.IsStatic ? "abstract " : "") : "virtual ");
        }

        bool overrides = method.GetBaseDefinition().DeclaringType != method.DeclaringType;
        return text + (method.IsAbstract ? "abstract " : overrides ? (method.IsFinal ? "sealed override " : "override ")
            : method.IsVirtual && !method.IsFinal ? "virtual " : "");
    }

    // "" for public, "protected " where a derived class can see it, null where nobody outside can.
    private static string? Access(MethodBase method) =>
        method.IsPublic ? "" : (method.IsFamily || method.IsFamilyOrAssembly) && !method.DeclaringType!.IsSealed ? "protected "
        : null;

    private static string? Access(FieldInfo field) =>
        field.IsPublic ? "" : (field.IsFamily || field.IsFamilyOrAssembly) && !field.DeclaringType!.IsSealed ? "protected "
        : null;
}
