namespace Lstm.Onnx.Graphs;

/// <summary>Operators on constants of the file.</summary>
internal static class ConstantOperators
{
    private const int MostAxes = 64;

    public static Value Constant(NodeContext node)
    {
        if (node.Attributes.Tensor("value") is { } tensor)
        {
            return new Constant(node.Graph.Read(tensor));
        }

        if (node.Attributes.Has("value_int"))
        {
            return new Constant(OnnxTensor.Create<long>(node.Name, [node.Attributes.Int("value_int", 0)]));
        }

        if (node.Attributes.Has("value_float"))
        {
            return new Constant(OnnxTensor.Create<float>(node.Name, [(float)node.Attributes.Float("value_float", 0)]));
        }

        if (node.Attributes.Ints("value_ints") is { } integers)
        {
            return new Constant(OnnxTensor.Create<long>(node.Name, integers, integers.Length));
        }

        float[] floats = [.. node.Attributes.Floats("value_floats").Select(value => (float)value)];
        return new Constant(OnnxTensor.Create<float>(node.Name, floats, floats.Length));
    }

    public static Value Concat(NodeContext node, Value[] values)
    {
        ShapeVector?[] parts = [.. values.Select(ShapeArithmetic.Shape)];
        if (Array.TrueForAll(parts, part => part is not null)
            && parts.Sum(part => part!.Dims.Length) <= ShapeArithmetic.MostNumbers)
        {
            return new ShapeVector([.. parts.SelectMany(part => part!.Dims)], false);
        }

        OnnxTensor[] tensors = [.. values.OfType<Constant>().Select(constant => constant.Tensor)];
        int axis = tensors.Length == 0 ? -1 : node.Axis(node.Attributes.Int("axis", 0), tensors[0].Shape.Count);
        if (axis < 0 || tensors.Length != values.Length)
        {
            return node.Fail("joins values that have no order");
        }

        int[] shape = [.. tensors[0].Shape];
        foreach (OnnxTensor tensor in tensors[1..])
        {
            if (tensor.Shape.Count != shape.Length || tensor.Shape.Where((size, i) => i != axis && size != shape[i]).Any()
                || tensor.IsInteger != tensors[0].IsInteger)
            {
                return node.Fail($"joins {tensors[0]} and {tensor}");
            }

            shape[axis] = checked(shape[axis] + tensor.Shape[axis]);
        }

        int inner = shape.Skip(axis + 1).Aggregate(1, (product, size) => product * size), outer = shape.Take(axis)
            .Aggregate(1, (product, size) => product * size);
        node.Graph.Spend((long)outer * inner * shape[axis]);
        double[] joined = new double[outer * shape[axis] * inner];
        int at = 0;
        for (int o = 0; o < outer; o++)
        {
            foreach (OnnxTensor tensor in tensors)
            {
                for (int i = 0, count = tensor.Shape[axis] * inner; i < count; i++)
                {
                    joined[at++] = tensor[(o * count) + i];
                }
            }
        }

        return Typed(tensors[0], shape, joined);
    }

    public static Value Slice(NodeContext node, OnnxTensor tensor)
    {
        if (Bounds(node, tensor.Shape.Count) is not { } all)
        {
            return Unknown.Instance;
        }

        int[] shape = [.. tensor.Shape], starts = new int[shape.Length];
        foreach ((int axis, long start, long end) in all)
        {
            starts[axis] = (int)Math.Clamp(start < 0 ? start + tensor.Shape[axis] : start, 0, tensor.Shape[axis]);
            shape[axis] = (int)Math.Clamp(end < 0 ? end + tensor.Shape[axis] : end, starts[axis], tensor.Shape[axis])
                - starts[axis];
        }

        int[] strides = Strides(tensor);
        return Picked(node, tensor, shape, strides, strides.Zip(starts).Sum(pair => pair.First * pair.Second));
    }

    /// <summary>
    /// The axes, starts and ends of a Slice whose steps are 1; null, with the problem noted, if they are not known.
    /// </summary>
    public static (int Axis, long Start, long End)[]? Bounds(NodeContext node, int rank)
    {
        long[]? starts = node.Attributes.Ints("starts") ?? node.Integers(1), ends = node.Attributes.Ints("ends")
            ?? node.Integers(2);
        long[]? axes = node.Attributes.Ints("axes")
            ?? (node.Has(3) ? node.Integers(3) : [.. Enumerable.Range(0, starts?.Length ?? 0).Select(axis => (long)axis)]);
        long[]? steps = node.Has(4) ? node.Integers(4) : [];
        if (starts is null || ends is null || axes is null || steps is null || starts.Length != ends.Length
            || axes.Length != starts.Length
            || steps.Any(step => step != 1))
        {
            node.Fail("its bounds are not known, or its steps are not 1");
            return null;
        }

        (int, long, long)[] all = [.. axes.Select((axis, i) => (node.Axis(axis, rank), starts[i], ends[i]))];
        return all.Any(bound => bound.Item1 < 0) ? null : all;
    }

    public static Value Transpose(NodeContext node, OnnxTensor tensor)
    {
        int rank = tensor.Shape.Count;
        long[] order = node.Attributes.Ints("perm") ?? [.. Enumerable.Range(0, rank).Reverse().Select(axis => (long)axis)];
        if (order.Length != rank || order.Any(axis => axis < 0 || axis >= rank) || order.Distinct().Count() != rank)
        {
            return node.Fail($"has the order [{string.Join(", ", order.Take(17))}] for {tensor}");
        }

        int[] strides = Strides(tensor);
        return Picked(
            node, tensor, [.. order.Select(axis => tensor.Shape[(int)axis])], [.. order.Select(axis => strides[axis])], 0);
    }

    public static Value Reshape(NodeContext node, OnnxTensor tensor, long[] target)
    {
        int[] shape = new int[target.Length];
        long known = 1;
        for (int i = 0; i < shape.Length; i++)
        {
            long size = target[i] == 0 && i < tensor.Shape.Count && node.Attributes.Int("allowzero", 0) == 0 ? tensor.Shape[i]
                : target[i];
            shape[i] = size is >= -1 and <= int.MaxValue ? (int)size : -2;
            known = size >= 0 && known <= int.MaxValue ? known * size : known;
        }

        int infer = Array.IndexOf(shape, -1);
        if (infer >= 0 && known > 0)
        {
            shape[infer] = (int)(tensor.Count / known);
        }

        return shape.Any(size => size < 0)
            || shape.Aggregate(1L, (product, size) => Math.Min(product * size, int.MaxValue)) != tensor.Count
            ? node.Fail($"reshapes {tensor} to [{string.Join(", ", target.Take(17))}]")
            : new Constant(tensor.With(shape));
    }

    /// <summary>Rows, columns or the like of a constant, by constant indices.</summary>
    public static Value Gather(NodeContext node, OnnxTensor tensor, OnnxTensor indices)
    {
        int axis = node.Axis(node.Attributes.Int("axis", 0), tensor.Shape.Count);
        if (axis < 0 || !indices.IsInteger || tensor.Shape.Count + indices.Shape.Count > MostAxes)
        {
            return axis < 0 ? Unknown.Instance : node.Fail($"takes {indices} of {tensor}");
        }

        int[] places = new int[indices.Count];
        for (int i = 0; i < places.Length; i++)
        {
            double index = indices[i] < 0 ? indices[i] + tensor.Shape[axis] : indices[i];
            if (index < 0 || index >= tensor.Shape[axis])
            {
                return node.Fail($"takes index {indices[i]} of {tensor}");
            }

            places[i] = (int)index;
        }

        int[] shape = [.. tensor.Shape.Select((size, i) => i == axis ? places.Length : size)];
        Constant picked = Picked(node, tensor, shape, Strides(tensor), 0, axis, places);
        return new Constant(picked.Tensor.With([.. shape[..axis], .. indices.Shape, .. shape[(axis + 1)..]]));
    }

    /// <summary>A part of a constant along an axis.</summary>
    public static Value Part(NodeContext node, OnnxTensor tensor, int axis, long first, long size)
    {
        if (first < 0 || size < 0 || first > tensor.Shape[axis] || size > tensor.Shape[axis] - first)
        {
            return node.Fail($"takes {size} from {first} on of axis {axis} of {tensor}");
        }

        int[] shape = [.. tensor.Shape.Select((all, i) => i == axis ? (int)size : all)];
        int[] strides = Strides(tensor);
        return Picked(node, tensor, shape, strides, (int)first * strides[axis]);
    }

    public static Value Cast(NodeContext node, OnnxTensor tensor)
    {
        node.Graph.Spend(tensor.Count);
        int[] shape = [.. tensor.Shape];
        return node.Attributes.Int("to", 1) switch
        {
            1 or 10 or 16 => new Constant(new OnnxTensor(tensor.Name, shape, tensor.To<float>())),
            11 => new Constant(new OnnxTensor(tensor.Name, shape, tensor.To<double>())),
            2 or 3 or 4 or 5 or 6 or 7 or 9 or 12 or 13 => new Constant(new OnnxTensor(tensor.Name, shape, tensor.To<long>())),
            _ => node.Fail($"casts to the element type {node.Attributes.Int("to", 1)}"),
        };
    }

    // The distances of a tensor's axes in its values.
    private static int[] Strides(OnnxTensor tensor)
    {
        int[] strides = new int[tensor.Shape.Count];
        for (int axis = strides.Length - 1, stride = 1; axis >= 0; stride *= tensor.Shape[axis], axis--)
        {
            strides[axis] = stride;
        }

        return strides;
    }

    // Values of a tensor at start + the sum of index · stride; along one axis a table may say which index is taken.
    private static Constant Picked(
        NodeContext node, OnnxTensor tensor, int[] shape, int[] strides, int start, int axis = -1, int[]? table = null)
    {
        long count = shape.Aggregate(1L, (product, size) => product * size);
        node.Graph.Spend(count * Math.Max(1, shape.Length));
        return new Constant(tensor.Pick(shape, i =>
        {
            int at = start;
            for (int a = shape.Length - 1; a >= 0; i /= shape[a], a--)
            {
                int index = i % shape[a];
                at += (a == axis ? table![index] : index) * strides[a];
            }

            return at;
        }));
    }

    private static Constant Typed(OnnxTensor like, int[] shape, double[] values) => new(like.IsInteger
        ? new OnnxTensor(like.Name, shape, Array.ConvertAll(values, value => (long)value))
        : like.IsDouble ? new OnnxTensor(like.Name, shape, values)
            : new OnnxTensor(like.Name, shape, Array.ConvertAll(values, value => (float)value)));
}
