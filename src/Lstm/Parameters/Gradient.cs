using System.Numerics;
using System.Numerics.Tensors;
using Lstm.Parameters;
using Lstm.Runtime;
using Lstm.Texts;

namespace Lstm;

/// <summary>The gradient of a loss with respect to every parameter of a network.</summary>
/// <remarks>
/// <see cref="Network{T}.Backward"/> adds to a gradient. Call <see cref="Clear"/> before the first batch of a step. One pass at a
/// time writes to a gradient: a second pass throws <see cref="InvalidOperationException"/>.
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed class Gradient<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const string UseRemedy =
        "Passes that run at once need separate gradients: create one for each thread with network.CreateGradient().";

    internal Gradient(ParameterLayout layout)
    {
        Layout = layout;
        Buffer = new AlignedBuffer<T>(layout.Length);
    }

    internal ParameterLayout Layout { get; }

    internal AlignedBuffer<T> Buffer { get; }

    /// <summary>Taken by whoever writes to it, read by an optimizer's step.</summary>
    internal Use Use { get; } = new();

    /// <summary>All elements in the storage order of the parameters, padding (always zero) included.</summary>
    internal Span<T> Flat => Buffer.Span[..Layout.Length];

    /// <summary>Sets all values of the gradient to zero.</summary>
    /// <exception cref="InvalidOperationException">A pass or an optimizer uses the gradient.</exception>
    public void Clear()
    {
        using Use.Taking taken = Take(this);
        Flat.Clear();
    }

    /// <summary>Gets a copy of the gradient of one parameter, in PyTorch's layout.</summary>
    /// <param name="name">The parameter's name, as in <see cref="Network{T}.Parameters"/>.</param>
    /// <exception cref="ArgumentException">There is no such parameter.</exception>
    /// <exception cref="InvalidOperationException">A pass writes to the gradient.</exception>
    public Tensor<T> Read(string name)
    {
        using Use.Reading reading = Read(this);
        return Layout.Read<T>(name, Flat);
    }

    /// <summary>Overwrites the gradient of one parameter, given in PyTorch's layout.</summary>
    /// <param name="name">The parameter's name, as in <see cref="Network{T}.Parameters"/>.</param>
    /// <param name="tensor">A tensor of the parameter's shape.</param>
    /// <exception cref="ArgumentException">
    /// There is no such parameter, or the tensor has another shape than the parameter.
    /// </exception>
    /// <exception cref="InvalidOperationException">A pass or an optimizer uses the gradient.</exception>
    public void Write(string name, in ReadOnlyTensorSpan<T> tensor)
    {
        using Use.Taking taken = Take(this);
        Layout.Write(name, tensor, Flat);
    }

    /// <summary>Takes a gradient for a pass that adds to it; does nothing for null.</summary>
    /// <exception cref="InvalidOperationException">It is in use.</exception>
    /// <summary>Returns the numbers of values and of parameter tensors as text.</summary>
    public override string ToString()
        => $"{TypeName.Of(this)}: {Counted.Of(Layout.All.Sum(parameter => (long)parameter.Count), "value")} "
            + $"of {Counted.Of(Layout.All.Count, "tensor")}";

    internal static Use.Taking Take(Gradient<T>? gradient) => Use.Take(gradient?.Use, "The gradient", UseRemedy);

    /// <summary>Reads a gradient.</summary>
    /// <exception cref="InvalidOperationException">A pass writes to it.</exception>
    internal static Use.Reading Read(Gradient<T> gradient) => Use.Read(gradient.Use, "The gradient", UseRemedy);
}
