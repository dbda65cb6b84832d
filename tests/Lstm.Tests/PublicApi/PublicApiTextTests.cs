using System.Numerics;

namespace Lstm.Tests.PublicApi;

public class PublicApiTextTests
{
    public enum Kind : byte
    {
        None,
        Two = 2,
    }

    public interface IShape<T>
        where T : unmanaged, INumber<T>
    {
        static abstract int Width { get; }

        void Take(ReadOnlySpan<T> values, in int count, ref string? text, out (int, T[]?) pair);
    }

    public abstract record Spec(string? Name)
    {
        public required int Size { get; init; }

        public double Rate { get; init; } = 0.5;
    }

    public sealed record SmallSpec : Spec
    {
        internal const int Hidden = 1;
        public const string Tag = "small";

        public SmallSpec(params ReadOnlySpan<Spec> parts)
            : base("small")
        {
        }
    }

    public class Lot<T> : IDisposable
        where T : class, new()
    {
        protected Lot(int size = 3, string? name = null)
        {
        }

        public event Action<List<string?>>? Changed;

        public IReadOnlyList<T?> Items { get; protected set; } = [];

        public T this[int index] => Items[index] ?? new T();

        public static Lot<T> operator +(Lot<T> left, Lot<T> right) => left;

        public void Dispose() => Changed?.Invoke([]);

        public override string ToString() => "";

        public virtual ref readonly int Peek() => throw new NotSupportedException();

        internal void Secret()
        {
        }
    }

    public readonly ref struct View
    {
        public int? Length { get; }
    }

    public delegate TResult? Make<out TResult>(string? text);

    [Fact]
    public void Of_samples_writes_one_line_per_member()
    {
        Type[] samples = [.. typeof(PublicApiTextTests).GetNestedTypes()];
        const string Expected = """
            interface Lstm.Tests.PublicApi.PublicApiTextTests.IShape<T> where T : unmanaged, INumber<T>
                static abstract int Width { get; }
                void Take(ReadOnlySpan<T> values, in int count, ref string? text, out (int, T[]?) pair)

            enum Lstm.Tests.PublicApi.PublicApiTextTests.Kind : byte
                None = 0
                Two = 2

            class Lstm.Tests.PublicApi.PublicApiTextTests.Lot<T> : IDisposable where T : class, new()
                protected Lot(int size = 3, string? name = default)
                T this[int index] { get; }
                IReadOnlyList<T> Items { get; protected set; }
                event Action<List<string?>>? Changed
                void Dispose()
                virtual ref readonly int Peek()
                override string ToString()
                static PublicApiTextTests.Lot<T> op_Addition(PublicApiTextTests.Lot<T> left, PublicApiTextTests.Lot<T> right)

            delegate TResult Lstm.Tests.PublicApi.PublicApiTextTests.Make<TResult>(string? text)

            sealed record Lstm.Tests.PublicApi.PublicApiTextTests.SmallSpec : PublicApiTextTests.Spec
                const string Tag = "small"
                SmallSpec(params ReadOnlySpan<PublicApiTextTests.Spec> parts)

            abstract record Lstm.Tests.PublicApi.PublicApiTextTests.Spec
                protected Spec(string? Name)
                string? Name { get; init; }
                double Rate { get; init; }
                required int Size { get; init; }

            readonly ref struct Lstm.Tests.PublicApi.PublicApiTextTests.View
                int? Length { get; }

            """;
        Assert.Equal(Expected.ReplaceLineEndings("\n"), PublicApiText.Of(samples));
    }
}
