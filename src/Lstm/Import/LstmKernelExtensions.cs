using System.Numerics;
using Lstm.Formats.Kernels;
using Lstm.Parameters;

namespace Lstm.Formats;

/// <summary>
/// Writes and reads LSTM layers from and to the kernels of other programs, for loaders of files that the library does not know.
/// </summary>
public static class LstmKernelExtensions
{
    /// <summary>
    /// Overwrites the parameters of one direction of an LSTM layer. Everything is checked before anything is written.
    /// </summary>
    /// <remarks>
    /// Normalizations, gate recurrence, learned initial states and the weights of a custom cell are not written: see
    /// <see cref="Network{T}.WriteParameter(string, ReadOnlySpan{T})"/>.
    /// </remarks>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="network">The network.</param>
    /// <param name="layer">The layer's name, e.g. <c>lstm</c>.</param>
    /// <param name="kernels">The kernels.</param>
    /// <param name="layout">The order of their gates and their axes.</param>
    /// <param name="stackLayer">The layer's number within its stack, from 0 on.</param>
    /// <param name="reverse">Whether it is the direction whose parameters' names end with <c>_reverse</c>.</param>
    /// <exception cref="ArgumentException">
    /// The network has no such direction, <see cref="LstmKernelLayout.Gates"/> is no permutation of the gates, or kernels are
    /// missing, superfluous or of another size: the message lists all of them with both shapes.
    /// </exception>
    /// <exception cref="InvalidOperationException">Another call is writing to the parameters.</exception>
    public static void WriteKernels<T>(
        this Network<T> network, string layer, in LstmKernels<T> kernels, LstmKernelLayout layout, int stackLayer = 0,
        bool reverse = false)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(network);
        LstmDirectionPlace place = LstmDirectionPlace.Find(network.Parameters, layer, stackLayer, reverse);
        KernelSource<T> source = new(place, layout, PlacesOf(layout));
        source.Convert(kernels);
        source.ThrowIfAny(nameof(kernels));
        foreach ((Parameter parameter, T[] values) in source.Values)
        {
            network.WriteParameter(parameter.Name, values.AsSpan());
        }
    }

    /// <summary>Reads the parameters of one direction of an LSTM layer. Everything is checked before anything is read.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="network">The network.</param>
    /// <param name="layer">The layer's name, e.g. <c>lstm</c>.</param>
    /// <param name="targets">Room for the kernels that are wanted.</param>
    /// <param name="layout">The order of their gates and their axes.</param>
    /// <param name="stackLayer">The layer's number within its stack, from 0 on.</param>
    /// <param name="reverse">Whether it is the direction whose parameters' names end with <c>_reverse</c>.</param>
    /// <exception cref="ArgumentException">
    /// The network has no such direction, <see cref="LstmKernelLayout.Gates"/> is no permutation of the gates, or the layer lacks
    /// a kernel or has one of another size: the message lists all of them with both shapes.
    /// </exception>
    public static void ReadKernels<T>(
        this Network<T> network, string layer, in LstmKernelTargets<T> targets, LstmKernelLayout layout, int stackLayer = 0,
        bool reverse = false)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(network);
        LstmDirectionPlace place = LstmDirectionPlace.Find(network.Parameters, layer, stackLayer, reverse);
        KernelTarget<T> target = new(place, layout, PlacesOf(layout), parameter =>
        {
            T[] values = new T[parameter.Count];
            network.ReadParameter(parameter.Name, values);
            return values;
        });
        target.Convert(targets, nameof(targets));
    }

    private static int[] PlacesOf(LstmKernelLayout layout)
    {
        ArgumentNullException.ThrowIfNull(layout);
        return layout.Places() ?? throw new ArgumentException(
            $"Gates is '{layout.Gates}'; it has to be a permutation of i, f, g and o, with c or j as other names of g, e.g. " +
            $"'ifco'.", nameof(layout));
    }
}
