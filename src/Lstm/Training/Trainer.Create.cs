using System.Numerics;
using Lstm.Training;

namespace Lstm;

/// <summary>Makes trainers without naming the number type: the network gives it.</summary>
public static class Trainer
{
    /// <summary>Makes a trainer.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="network">The network to train.</param>
    /// <param name="loss">The loss to minimise.</param>
    /// <param name="optimizer">The optimizer, of this trainer alone.</param>
    /// <param name="clip">How gradients are limited before each step; null for not at all.</param>
    /// <param name="schedule">The course of the learning rate; null for none.</param>
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
