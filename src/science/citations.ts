/** A work that is cited, as BibTeX has it. */
export interface Citation {
  readonly key: string;
  /** For people, in a list of references. */
  readonly text: string;
  /** As in a sentence. */
  readonly short: string;
  readonly url: string;
  readonly bibtex: string;
}

export const HENDERSON: Citation = {
  key: 'henderson2020systematic',
  short: 'Henderson et al., 2020',
  text:
    'P. Henderson, J. Hu, J. Romoff, E. Brunskill, D. Jurafsky, J. Pineau: Towards the Systematic Reporting of the Energy and Carbon Footprints of Machine Learning. ' +
    'Journal of Machine Learning Research 21(248):1-43, 2020.',
  url: 'https://jmlr.org/papers/v21/20-312.html',
  bibtex: `@article{henderson2020systematic,
  author  = {Henderson, Peter and Hu, Jieru and Romoff, Joshua and Brunskill, Emma and Jurafsky, Dan and Pineau, Joelle},
  title   = {Towards the Systematic Reporting of the Energy and Carbon Footprints of Machine Learning},
  journal = {Journal of Machine Learning Research},
  year    = {2020},
  volume  = {21},
  number  = {248},
  pages   = {1--43},
  url     = {https://jmlr.org/papers/v21/20-312.html}
}
`,
};

export const RICKE: Citation = {
  key: 'ricke2018country',
  short: 'Ricke et al., 2018',
  text:
    'K. Ricke, L. Drouet, K. Caldeira, M. Tavoni: Country-level social cost of carbon. ' +
    'Nature Climate Change 8(10):895-900, 2018.',
  url: 'https://doi.org/10.1038/s41558-018-0282-y',
  bibtex: `@article{ricke2018country,
  author  = {Ricke, Katharine and Drouet, Laurent and Caldeira, Ken and Tavoni, Massimo},
  title   = {Country-level social cost of carbon},
  journal = {Nature Climate Change},
  year    = {2018},
  volume  = {8},
  number  = {10},
  pages   = {895--900},
  doi     = {10.1038/s41558-018-0282-y}
}
`,
};
