using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Lstm.Runtime;

namespace Lstm.Tests.Support;

/// <summary>
/// Canaries in the bytes before and behind every <see cref="AlignedBuffer{T}"/> that objects of the library hold, found by
/// walking their fields.
/// </summary>
internal sealed class BufferEdges
{
    private const BindingFlags Fields =
        BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    private readonly HashSet<object> seen = new(ReferenceEqualityComparer.Instance);
    private readonly List<Edges> found = [];

    public int Count => found.Count;

    /// <summary>Finds the buffers of an object as they are now, and writes canaries beside them.</summary>
    public void Guard(string name, object? value)
    {
        if (value is null || value.GetType().IsPrimitive || value is string or Pointer || !seen.Add(value))
        {
            return;
        }

        Type type = value.GetType();
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(AlignedBuffer<>))
        {
            Type generic = typeof(Edges<>).MakeGenericType(type.GetGenericArguments());
            Edges edges = (Edges)Activator.CreateInstance(generic, name, value)!;
            edges.Fill();
            found.Add(edges);
        }
        else if (value is IList list && type.GetElementType() is not { IsValueType: true })
        {
            foreach ((int i, object? item) in list.Cast<object?>().Index())
            {
                Guard($"{name}[{i}]", item);
            }
        }
        else if (type.Assembly == typeof(Network).Assembly)
        {
            for (Type? declaring = type; declaring is not null; declaring = declaring.BaseType)
            {
                foreach (FieldInfo field in declaring.GetFields(Fields).Where(field => !field.FieldType.IsPointer))
                {
                    Guard($"{name}.{field.Name}", field.GetValue(value));
                }
            }
        }
    }

    /// <summary>Asserts that nothing was written beside the buffers since.</summary>
    public void AssertWhole() => Assert.All(found, edges => Assert.True(edges.AreWhole, $"Written beside {edges.Name}."));

    /// <summary>The bytes around one buffer.</summary>
    internal abstract class Edges(string name)
    {
        public string Name => name;

        public abstract bool AreWhole { get; }

        public abstract void Fill();
    }

    internal sealed unsafe class Edges<T> : Edges
        where T : unmanaged
    {
        private const byte Canary = 0xA5;
        private readonly T[] memory;
        private readonly int first;
        private readonly int end;

        public Edges(string name, AlignedBuffer<T> buffer)
            : base(name)
        {
            FieldInfo field = typeof(AlignedBuffer<T>).GetFields(Fields).Single(each => each.FieldType == typeof(T[]));
            memory = (T[])field.GetValue(buffer)!;

            // SAFETY: AlignedBuffer.Reserve pinned the array and made Pointer point into it; the pointers are only compared.
            first = memory.Length == 0
                ? 0 : (int)((byte*)buffer.Pointer - (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(memory)));
            end = first + (buffer.Length * sizeof(T));
        }

        public override bool AreWhole
            => !Bytes[..first].ContainsAnyExcept(Canary) && !Bytes[end..].ContainsAnyExcept(Canary);

        private Span<byte> Bytes => MemoryMarshal.AsBytes(memory.AsSpan());

        public override void Fill()
        {
            Bytes[..first].Fill(Canary);
            Bytes[end..].Fill(Canary);
        }
    }
}
