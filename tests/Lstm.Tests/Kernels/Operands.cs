using System.Numerics;
using Lstm.Kernels.Products;
using Lstm.Simd;
using Lstm.Tests.Support;

namespace Lstm.Tests.Kernels;

/// <summary>The operands of one kernel call, each exactly as long as its contract says and against an unreadable page.</summary>
internal sealed unsafe class Operands<T>(Guard guard, int seed) : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly List<IDisposable> memories = [];
    private int next = 1000 * seed;

    /// <summary>Every width this process has, at both edges.</summary>
    public static List<(SimdWidth Width, Guard Guard)> Setups { get; } =
    [
        .. from width in Enum.GetValues<SimdWidth>()
           where SimdDispatch.IsAccelerated(width)
           from guard in Enum.GetValues<Guard>()
           select (width, guard),
    ];

    public T* Copy(ReadOnlySpan<T> values)
    {
        var memory = new GuardedMemory<T>(values, guard);
        memories.Add(memory);
        return memory.Pointer;
    }

    public T* Random(int count) => Copy(Sample.Values<T>(next++, count));

    /// <summary>NaN until written.</summary>
    public T* Unset(int count)
    {
        var memory = new GuardedMemory<T>(count, guard);
        memories.Add(memory);
        return memory.Pointer;
    }

    /// <summary>A random matrix [rows, columns] by panels, zero in the padding.</summary>
    public T* Packed(PanelLayout columns, int rows)
    {
        T[] values = Sample.Values<T>(next++, columns.PaddedColumns * rows);
        var real = new HashSet<int>(Enumerable.Range(0, columns.Columns).Select(columns.ColumnOf));
        for (int column = 0; column < columns.PaddedColumns; column++)
        {
            for (int k = 0; k < rows && !real.Contains(column); k++)
            {
                values[columns.IndexOf(column, k, rows)] = T.Zero;
            }
        }

        return Copy(values);
    }

    public ProductTerm<T>* Terms(params ProductTerm<T>[] terms)
    {
        var memory = new GuardedMemory<ProductTerm<T>>(terms, guard);
        memories.Add(memory);
        return memory.Pointer;
    }

    public void Dispose() => memories.ForEach(memory => memory.Dispose());

    /// <summary>a·b + c, rounded as this class of hardware rounds it.</summary>
    public static T MultiplyAdd(T a, T b, T c) => SimdDispatch.IsFused ? T.FusedMultiplyAdd(a, b, c) : (a * b) + c;
}
