using System.Numerics;
using Lstm.Training;

namespace Lstm;

/// <summary>Creates trainers with the number type inferred from the network.</summary>
public static class Trainer
{
    /// <summary>Creates a trainer of a network.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="network">The network to train.</param>
    /// <param name="loss">The loss to minimise.</param>
    /// <param name="optimizer">The optimizer, which only this trainer may use.</param>
    /// <param name="clip">The limit of the gradients before each step. Null, the default, for no limit.</param>
    /// <param name="schedule">The learning rate schedule. Null, the default, for no schedule.</param>
    /// <exception cref="InvalidOperationException">The schedule belongs to another trainer.</exception>
    public static Trainer<T> Create<T>(
        Network<T> network,
        Loss<T> loss,
        Optimizer<T> optimizer,
        GradientClip? clip = null,
        LearningRateSchedule? schedule = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => new(network, loss, optimizer) { Clip = clip ?? GradientClip.None, Schedule = schedule };
}
