using System.Numerics;
using Lstm.Training;

namespace Lstm.Tests.Training;

/// <summary>
/// An encoder whose final state the decoder starts from, as a program outside the library writes it. The input has two parts, the
/// source and the decoder's own input.
/// </summary>
internal sealed class EncoderDecoder<T>(Network<T> encoder, Network<T> decoder)
    : TrainableModel<T>(("encoder", encoder), ("decoder", decoder))
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public Network<T> Encoder => encoder;

    public Network<T> Decoder => decoder;

    /// <summary>A model of symbols: ids below <paramref name="symbols"/>, and one more that the decoder starts with.</summary>
    public static EncoderDecoder<T> OfSymbols(int symbols, int hidden, long seed, double dropout = 0)
        => new(
            Network.Create<T>(symbols, seed, new EmbeddingSpec(5), new LstmSpec(hidden)),
            Network.Create<T>(symbols + 1, seed + 1, [
                new EmbeddingSpec(5), new LstmSpec(hidden), .. dropout > 0 ? [new DropoutSpec(dropout)]
                : Array.Empty<LayerSpec>(),
                new DenseSpec(symbols)]));

    protected override string? WhyNotInput(NetworkInput<T> input)
        => input.PartCount != 2 ? $"The input has {input.PartCount} parts; the model reads 2, the source and the decoder's input."
        : WhyNotInput(encoder, input[0]) ?? WhyNotInput(decoder, input[1])
            ?? (input[0].Ids!.Count == input[1].Ids!.Count ? null
            : $"The source has {input[0].Ids!.Count} sequences and the decoder's input {input[1].Ids!.Count}; give as many.");

    protected override ModelPass<T> CreatePass(ModelPassOptions options) => new Pass(this, options);

    private sealed class Pass(EncoderDecoder<T> model, ModelPassOptions options) : ModelPass<T>(model, options)
    {
        private NetworkState<T>? _state;
        private NetworkState<T>? _start;

        protected override void Forward(NetworkInput<T> input, NetworkTarget<T> target)
        {
            int count = input[0].Ids!.Count;
            if (_state?.Count != count)
            {
                (_state, _start) = (model.Encoder.CreateState(count), model.Decoder.CreateState(count));
            }

            _state.Clear();
            model.Encoder.Forward(input[0], _state, Tapes[0]);
            _start!.CopyFrom(_state);
            ForwardLoss(input[1], target, _start);
        }

        protected override void Backward()
        {
            model.Decoder.Backward(Tapes[1], Gradients[1]);
            Tapes[0].FinalStateGradient = Tapes[1].InitialStateGradient;
            model.Encoder.Backward(Tapes[0], Gradients[0]);
        }
    }
}
