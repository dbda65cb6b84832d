namespace Lstm.Texts;

/// <summary>Names of types as a program writes them.</summary>
internal static class TypeName
{
    /// <summary>The type's name without namespaces and assemblies: <c>Workspace&lt;Single&gt;</c>.</summary>
    public static string Of(object instance)
    {
        Type type = instance.GetType();
        return type.IsGenericType ? $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(argument => argument.Name))}>" : type.Name;
    }
}
