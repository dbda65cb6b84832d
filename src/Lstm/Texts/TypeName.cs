namespace Lstm.Texts;

/// <summary>Names of types as a C# program writes them.</summary>
internal static class TypeName
{
    /// <summary>The name of an object's type without namespaces and assemblies: <c>Workspace&lt;float&gt;</c>.</summary>
    public static string Of(object instance) => Of(instance.GetType());

    /// <summary>The name of a type without namespaces and assemblies: <c>Workspace&lt;float&gt;</c>, <c>int</c>.</summary>
    public static string Of(Type type)
    {
        if (type.IsGenericType)
        {
            return $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(Of))}>";
        }

        return type == typeof(float) ? "float"
            : type == typeof(double) ? "double"
            : type == typeof(int) ? "int"
            : type.Name;
    }
}
