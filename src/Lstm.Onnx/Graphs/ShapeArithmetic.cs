using Lstm.Onnx.Files;

namespace Lstm.Onnx.Graphs;

/// <summary>Operators on the numbers that shapes are made of.</summary>
internal static class ShapeArithmetic
{
    /// <summary>The most numbers that are followed as a shape.</summary>
    public const int MostNumbers = 64;

    /// <summary>The value as numbers of a shape; null if it is none.</summary>
    public static ShapeVector? Shape(Value value) => value switch
    {
        ShapeVector vector => vector,
        Constant { Tensor: { IsInteger: true, Count: <= MostNumbers, Shape.Count: <= 1 } tensor }
            => new ShapeVector([.. tensor.To<long>().Select(Dim.Of)], tensor.Shape.Count == 0),
        _ => null,
    };

    public static Value ConstantOfShape(NodeContext node)
    {
        TensorProto? value = node.Attributes.Tensor("value");
        OnnxTensor? tensor = value is null ? null : node.Graph.Read(value);
        if (tensor is { Count: not 1 })
        {
            return node.Fail($"value {tensor} has to have one number");
        }

        return tensor is { IsInteger: true } && node.Integers(0) is [>= 0 and <= MostNumbers and var length]
            ? new ShapeVector([.. Enumerable.Repeat(Dim.Of((long)tensor[0]), (int)length)], false)
            : new Fill(tensor?[0] ?? 0);
    }

    public static Value ShapeOf(NodeContext node, Atom[][] groups)
    {
        int start = Bound(node.Attributes.Int("start", 0)), end = Bound(node.Attributes.Int("end", groups.Length));
        return new ShapeVector([.. groups.Skip(start).Take(Math.Max(0, end - start)).Select(Dim.Of)], false);

        int Bound(long place) => (int)Math.Clamp(place < 0 ? place + groups.Length : place, 0, groups.Length);
    }

    /// <summary>One of two numbers of shapes, for each number of a condition.</summary>
    public static Value Where(NodeContext node)
    {
        if (Shape(node.Input(0)) is not { } condition || Shape(node.Input(1)) is not { } yes || Shape(node.Input(2)) is not { } no
            || !Array.TrueForAll(condition.Dims, dim => dim.Known is not null))
        {
            return node.Fail("selects values, which no layer does");
        }

        int count = Math.Max(condition.Dims.Length, Math.Max(yes.Dims.Length, no.Dims.Length));
        return new[] { condition, yes, no }.Any(vector => vector.Dims.Length != count && vector.Dims.Length != 1)
            ? node.Fail("selects of shapes of different lengths")
            : new ShapeVector(
                [.. Enumerable.Range(0, count).Select(i => At(condition, i).Known != 0 ? At(yes, i) : At(no, i))],
                condition.IsScalar && yes.IsScalar && no.IsScalar);

        static Dim At(ShapeVector vector, int i) => vector.Dims[vector.Dims.Length == 1 ? 0 : i];
    }

    /// <summary>The product of a shape's numbers.</summary>
    public static Value Product(NodeContext node, ShapeVector vector)
    {
        Value product = new ShapeVector([Dim.Of(1)], node.Attributes.Int("keepdims", 1) == 0);
        foreach (Dim dim in vector.Dims)
        {
            product = Arithmetic("Mul", (ShapeVector)product, new ShapeVector([dim], true)) is ShapeVector next
                ? next with { IsScalar = ((ShapeVector)product).IsScalar } : Unknown.Instance;
            if (product is Unknown)
            {
                return node.Fail("multiplies sizes that are not known");
            }
        }

        return product;
    }

    /// <summary>Arithmetic of shapes: known numbers, and sizes of axes times or over 1.</summary>
    public static Value? Arithmetic(string op, ShapeVector a, ShapeVector b)
    {
        int count = Math.Max(a.Dims.Length, b.Dims.Length);
        if ((a.Dims.Length != count && a.Dims.Length != 1) || (b.Dims.Length != count && b.Dims.Length != 1))
        {
            return null;
        }

        Dim[] result = new Dim[count];
        for (int i = 0; i < count; i++)
        {
            Dim x = a.Dims[a.Dims.Length == 1 ? 0 : i], y = b.Dims[b.Dims.Length == 1 ? 0 : i];
            Dim? value = (op, x.Known, y.Known) switch
            {
                ("Add", { } m, { } n) => Dim.Of(unchecked(m + n)),
                ("Sub", { } m, { } n) => Dim.Of(unchecked(m - n)),
                ("Mul", { } m, { } n) => Dim.Of(unchecked(m * n)),
                ("Div", { } m, { } n) when n > 0 => Dim.Of(m / n),
                ("Mul" or "Div", null, 1) => x,
                ("Mul", 1, null) => y,
                ("Mul", _, _) when x.Atoms.Length > 0 && y.Atoms.Length > 0 => new Dim(null, [.. x.Atoms, .. y.Atoms]),

                // The size of an axis is never negative.
                ("Equal", { } m, { } n) => Dim.Of(m == n ? 1 : 0),
                ("Equal", null, < 0) or ("Equal", < 0, null) => Dim.Of(0),
                _ => null,
            };
            if (value is not { } known || known.Atoms.Length > 16)
            {
                return null;
            }

            result[i] = known;
        }

        return new ShapeVector(result, a.IsScalar && b.IsScalar);
    }
}
