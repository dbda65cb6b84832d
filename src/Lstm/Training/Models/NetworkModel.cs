using System.Numerics;
using Lstm.Layers;

namespace Lstm.Training.Models;

/// <summary>The model of one network.</summary>
internal sealed class NetworkModel<T>(Network<T> network) : TrainableModel<T>(network)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    internal override string? WholeSequenceReason
    {
        get
        {
            foreach (Layer<T> layer in Output.Layers)
            {
                if (layer.WholeSequenceReason is { } reason)
                {
                    return $"Layer '{layer.Name}' {reason} and needs whole sequences";
                }
            }

            return null;
        }
    }

    /// <summary>The model of a network that the caller's argument <c>network</c> gives.</summary>
    /// <exception cref="ArgumentNullException">The argument is null.</exception>
    public static NetworkModel<T> Of(Network<T> network)
    {
        ArgumentNullException.ThrowIfNull(network);
        return new NetworkModel<T>(network);
    }

    protected override string? WhyNotInput(NetworkInput<T> input) => input.WhyNotOne() ?? Output.WhyNotInput(input);

    protected override ModelPass<T> CreatePass(ModelPassOptions options) => new NetworkPass(this, options);

    private sealed class NetworkPass : ModelPass<T>
    {
        private readonly NetworkModel<T> _model;

        public NetworkPass(NetworkModel<T> model, ModelPassOptions options)
            : base(model, options)
        {
            _model = model;
            Tapes[0].ComputesInputGradient = false;
        }

        protected override void Forward(NetworkInput<T> input, NetworkTarget<T> target)
            => ForwardLoss(input, target, CarriedState);

        protected override void Backward() => _model.Output.Backward(Tapes[0], Gradients[0]);
    }
}
