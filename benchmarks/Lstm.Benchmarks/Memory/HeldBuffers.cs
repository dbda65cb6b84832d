using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;
using Lstm.Runtime;

namespace Lstm.Benchmarks.Memory;

/// <summary>
/// The arrays and buffers that objects of the library hold, found by walking their fields; each is counted once.
/// </summary>
internal sealed class HeldBuffers
{
    private const BindingFlags Fields = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic
        | BindingFlags.DeclaredOnly;
    private readonly HashSet<object> _seen = new(ReferenceEqualityComparer.Instance);
    private readonly List<(string Name, long Bytes)> _all = [];

    /// <summary>By the path of fields that leads to them.</summary>
    public IReadOnlyList<(string Name, long Bytes)> All => _all;

    public void Add(string name, object? value)
    {
        if (value is null || value.GetType().IsPrimitive || value is string or Pointer || !_seen.Add(value))
        {
            return;
        }

        Type type = value.GetType();
        if (value is Array array && type.GetElementType() is { IsValueType: true } element)
        {
            _all.Add((name, array.LongLength * SizeOf(element)));
        }
        else if (value is IList list)
        {
            for (int i = 0; i < list.Count; i++)
            {
                Add($"{name}[{i}]", list[i]);
            }
        }
        else if (type.Assembly == typeof(Network).Assembly)
        {
            AddFields(name, value, type);
        }
    }

    private void AddFields(string name, object value, Type type)
    {
        bool isBuffer = type.IsGenericType && type.GetGenericTypeDefinition() == typeof(AlignedBuffer<>);
        for (Type? declaring = type; declaring is not null; declaring = declaring.BaseType)
        {
            foreach (FieldInfo field in declaring.GetFields(Fields))
            {
                if (!field.FieldType.IsPointer && !field.FieldType.IsEnum)
                {
                    Add(isBuffer ? name : $"{name}.{Plain(field.Name)}", field.GetValue(value));
                }
            }
        }
    }

    private static int SizeOf(Type type)
        => (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;

    /// <summary>The property of a backing field, or the field without its underscore.</summary>
    private static string Plain(string field) => field[0] == '<' ? field[1..field.IndexOf('>')] : field.TrimStart('_');
}
